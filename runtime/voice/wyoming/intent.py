"""What a sentence means, in Home Assistant's words: `recognize` in, `intent` or `not-recognized` out. Nothing is done.

The names of intents are Home Assistant's where it has one: https://developers.home-assistant.io/docs/intent_builtin
"""

import time
from collections.abc import Iterator
from typing import Final

from wyoming.event import Eventable
from wyoming.intent import Entity, Intent, IntentsStart, IntentsStop, NotRecognized

from runtime.commands.meaning import Action, Cannot, Do, Tell, Which
from runtime.commands.registry.devices import Kind
from runtime.commands.registry.house import House
from runtime.commands.sentence import NOTHING_SAID, Sentence
from runtime.errors import CallerError
from runtime.limits import COMMAND_LETTERS
from runtime.voice.wyoming.border import Send, Understanding
from runtime.voice.wyoming.frames import Frame
from runtime.wire.fields import Fields

_SETS: Final = {
    "brightness": ("HassLightSet", "brightness"),
    "color": ("HassLightSet", "color"),
    "color_temperature": ("HassLightSet", "temperature"),
    "position": ("HassSetPosition", "position"),
    "temperature": ("HassClimateSetTemperature", "temperature"),
    "volume": ("HassSetVolume", "volume_level"),
}
"""By capability: the intent, and the slot of the value."""
_ON: Final = frozenset({"open", "locked"})
_OFF: Final = frozenset({"closed", "unlocked"})


async def recognized(understanding: Understanding, frame: Frame, send: Send, *, language: str) -> None:
    """What a `recognize` means.

    Raises:
        CallerError: there is no sentence in it.
        BusyError, EngineError: a model is needed that cannot be had now.
    """
    fields = Fields.of(frame.data, frame.type)
    text = fields.text("text") or ""
    if len(text) > COMMAND_LETTERS:
        raise CallerError(f"text has {len(text)} letters; send at most {COMMAND_LETTERS}", param="text")
    context = fields.get("context")
    given = context if isinstance(context, dict) else None
    house = understanding.house()
    sentence = Sentence(text, fields.text("language") or language, now=time.time())
    found, _ = await understanding.interpreter.interpret(sentence, house, NOTHING_SAID)
    match found.meaning:
        case Do(actions, after_s) if actions and not after_s:
            for event in _listed([_intent(each, house) for each in actions], given):
                await send(event)
        case Cannot(_, said) | Tell(said) | Which(said):
            await send(NotRecognized(said, given))
        case _:
            await send(NotRecognized(context=given))


def _listed(intents: list[Intent], context: dict[str, object] | None) -> Iterator[Eventable]:
    """One stands by itself; several between a start and a stop."""
    for each in intents:
        each.context = context
    if len(intents) == 1:
        yield intents[0]
        return
    yield IntentsStart(context)
    yield from intents
    yield IntentsStop(context)


def _intent(action: Action, house: House) -> Intent:
    """As Home Assistant would do it, or by a name of our own that says what is to be set."""
    device = house.devices.get(action.device)
    entities = [
        Entity("name", device.names[0].text if device is not None and device.names else action.device)
    ]
    area = None if device is None or device.area is None else house.areas.get(device.area)
    if area is not None and area.names:
        entities.append(Entity("area", area.names[0].text))
    if action.value is True or action.value in _ON:
        return Intent("HassTurnOn", entities)
    if action.value is False or action.value in _OFF:
        return Intent("HassTurnOff", entities)
    if action.value is None:
        return Intent(
            "HassTurnOn" if device is not None and device.kind is Kind.SCENE else "HassPress", entities
        )
    name, slot = _SETS.get(
        action.capability, (f"Set{action.capability.title().replace('_', '')}", action.capability)
    )
    return Intent(name, [*entities, Entity(slot, action.value)])

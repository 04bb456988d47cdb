"""On and off, and what they are for each kind: open and closed, locked and unlocked, activated."""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from runtime.commands.meaning import Action, Meaning, Tell
from runtime.commands.registry.devices import Device, Kind, Options, Range
from runtime.commands.registry.running import OFF, ran, resumed
from runtime.commands.rules.setting import setting, without
from runtime.commands.rules.situation import Found, Situation
from runtime.commands.rules.targets import Open, Outcome, carry_out
from runtime.commands.wording.describe import either, say_of, the
from runtime.commands.wording.speak import say, word

_HEAT: Final = re.compile(r"\bheat(?:ing)?\b")
_COOL: Final = re.compile(r"\bcool(?:ing)?\b")
_COOLING: Final = re.compile(r"\b(?:ac|a c|a/c|air ?con\w*|cooling|cooler)\b|冷氣")
_HEATING: Final = re.compile(r"heat|radiator|暖氣|電暖")


def turn_on(found: Found, situation: Situation) -> Meaning:
    """`HassTurnOn`: on, open, locked (as the sentences of Home Assistant have it), activated."""
    return carry_out(found, situation, lambda device: switched(device, situation, on=True))


def turn_off(found: Found, situation: Situation) -> Meaning:
    """`HassTurnOff`: off, closed, unlocked."""
    return carry_out(found, situation, lambda device: switched(device, situation, on=False))


def stop(found: Found, situation: Situation) -> Meaning:
    """A cover or valve stays where it is."""
    return carry_out(found, situation, lambda device: setting(device, "state", "stopped", situation))


def switched(device: Device, situation: Situation, *, on: bool) -> Outcome:
    """What on and off are to a device."""
    match device.kind:
        case Kind.COVER | Kind.VALVE:
            return _moved(device, situation, opened=on)
        case Kind.LOCK:
            return setting(device, "state", "locked" if on else "unlocked", situation)
        case Kind.SCENE | Kind.BUTTON:
            return setting(device, "activate", None, situation) if on else without(device, "power", situation)
        case Kind.CLIMATE:
            return _heated(device, situation, on=on)
        case _:
            return setting(device, "power", on, situation)


def _moved(device: Device, situation: Situation, *, opened: bool) -> Outcome:
    position = device.capability("position")
    if device.capability("state") is None and position is not None and isinstance(position.domain, Range):
        return setting(device, "position", position.domain.high if opened else position.domain.low, situation)
    return setting(device, "state", "open" if opened else "closed", situation)


def _heated(device: Device, situation: Situation, *, on: bool) -> Outcome:
    """One that runs is left as it runs. Else it goes on as was said, or as it ran last; or it is asked how."""
    mode, power = device.capability("mode"), device.capability("power")
    modes = mode.domain.values if mode is not None and isinstance(mode.domain, Options) else ()
    switch = power is not None and power.settable
    if not on or not modes:
        by_mode = not switch and OFF in modes
        return Action(device.id, "mode", OFF) if by_mode else setting(device, "power", on, situation)
    running = _running(device, modes, situation)
    said = next((each for each in _said(device, situation) if each in modes), None)
    if running is not None and said in {None, running}:
        return _already(device, running, situation)
    if power is not None and switch and not power.by_mode:
        return setting(device, "power", on, situation)
    now = partial(situation.house.value, device.id)
    usual = resumed(modes, now)
    value = said or ran(modes, now) or _hinted(modes, situation) or usual
    if value is None:
        return _which_mode(device, modes, situation)
    return (
        Action(device.id, "power", value=True)
        if switch and value == usual
        else Action(device.id, "mode", value)
    )


def _running(device: Device, modes: Sequence[str], situation: Situation) -> str | None:
    """The mode it is heard to run in."""
    house = situation.house
    now = house.value(device.id, "mode")
    return str(now) if now in modes and now != OFF and house.value(device.id, "power") is not False else None


def _said(device: Device, situation: Situation) -> Iterator[str]:
    """The mode that was said, beside the name: a heater is not told to heat by being called one."""
    text = situation.text
    for each in device.names:
        text = text.replace(each.text.casefold(), " ")
    if _HEAT.search(text):
        yield "heat"
    elif _COOL.search(text):
        yield "cool"


def _hinted(modes: Sequence[str], situation: Situation) -> str | None:
    """What it is for, by what it is called."""
    text = situation.text
    hint = "heat" if _HEATING.search(text) else "cool" if _COOLING.search(text) else None
    return hint if hint in modes else None


def _already(device: Device, mode: str, situation: Situation) -> Tell:
    language = situation.language
    text = say_of("told.already_on", device, situation.house, language, mode=word("value", mode, language))
    return Tell(text, (device.id,))


def _which_mode(device: Device, modes: Sequence[str], situation: Situation) -> Open:
    language = situation.language
    words = either([word("value", each, language) for each in modes if each != OFF], language)
    name = the(device, situation.house, language)
    question = say("asked.which_value", language, device=name, options=words)
    return Open(Action(device.id, "mode", None), question)

"""A name and nothing besides: what is to be done with it is asked; what only measures is told."""

from collections.abc import Iterator
from typing import Final

from runtime.commands.language.names import Of, names, spoken
from runtime.commands.language.normalise import plain
from runtime.commands.language.pointed import pointed
from runtime.commands.meaning import Action, Do, Meaning, Option, Route, Tell, Which
from runtime.commands.registry.devices import Capability, Device, Kind, Options, Range
from runtime.commands.registry.house import House
from runtime.commands.rules.levels import main_level
from runtime.commands.rules.power import switched
from runtime.commands.rules.situation import Situation, known
from runtime.commands.rules.state import of_device
from runtime.commands.sentence import Reading, Sentence
from runtime.commands.wording.describe import either, limits, the
from runtime.commands.wording.speak import say, word

_LONGEST: Final = 60
"""Letters: what is longer is more than a name, and not worth searching for."""
_CHOSEN: Final = ("value", "mode", "state")
"""Capabilities of which one of a few options is what is asked for."""


def bare(sentence: Sentence, house: House) -> Reading | None:
    """What to ask or to tell where a sentence is the name of one device; else None."""
    language = sentence.language
    text = plain(sentence.text, language)
    if len(text) > _LONGEST:
        return None
    said = spoken(text, language)
    called = [each for each in names(house, language) if each.of is Of.DEVICE and each.text == said]
    given = {each.id for each in called if not each.implied} or {each.id for each in called}
    given = given or _of_a_place(said, language, house)
    if len(given) != 1:
        return None
    device = house.devices[given.pop()]
    meaning = _meaning(device, Situation(house, language, known(sentence.area, house), text))
    return None if meaning is None else Reading(meaning, Route.RULES)


def _of_a_place(said: str, language: str, house: House) -> set[str]:
    """What a kind in a place points at: the `kitchen light` of a kitchen with one."""
    meant = pointed(said, language, house)
    return set(meant.devices) if meant is not None and meant.thing and meant.place else set()


def _meaning(device: Device, situation: Situation) -> Meaning | None:
    """None for what is pressed: a scene's name alone is no word to start it."""
    language, name = situation.language, the(device, situation.house, situation.language)
    if device.kind in {Kind.SCENE, Kind.BUTTON}:
        return None
    if not any(each.settable for each in device.capabilities):
        return Tell(of_device(device, name, situation), (device.id,))
    options = tuple(_switched(device, situation))
    if len(options) > 1:
        what = either([each.label for each in options], language)
        return Which(say("asked.what_with", language, device=name, options=what), options)
    return _value(device, name, language)


def _switched(device: Device, situation: Situation) -> Iterator[Option]:
    for on in (True, False):
        action = switched(device, situation, on=on)
        if not isinstance(action, Action):
            continue
        value = action.value
        if isinstance(value, bool):
            value = "on" if value else "off"
        elif isinstance(value, float):
            value = "open" if on else "closed"
        yield Option(say(f"option.{value}", situation.language), Do((action,)))


def _value(device: Device, name: str, language: str) -> Which | None:
    """The question for a level or an option; None where it has neither."""
    level = device.capability(main_level(device))
    if level is not None and level.settable and isinstance(level.domain, Range):
        low, high = limits(level.domain)
        question = say("asked.how_much", language, device=name, low=low, high=high)
        return Which(question, waiting=(Action(device.id, level.name, None),))
    chosen = (device.capability(each) for each in _CHOSEN)
    return next((_option(device, each, name, language) for each in chosen if each and each.settable), None)


def _option(device: Device, capability: Capability, name: str, language: str) -> Which | None:
    if not isinstance(capability.domain, Options):
        return None
    shown = either([word("value", each, language) for each in capability.domain.values], language)
    question = say("asked.which_value", language, device=name, options=shown)
    return Which(question, waiting=(Action(device.id, capability.name, None),))

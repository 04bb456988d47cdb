"""What is chosen is held against the whole sentence once more: nothing is done beside words that say otherwise.

Rules account for every word by themselves. A choice weighs what it found, and could overlook what it did not.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from runtime.commands.language.aside.aside import Aside, Found, aside
from runtime.commands.language.names import name_of, names, spoken
from runtime.commands.language.normalise import plain
from runtime.commands.language.quantities import digits
from runtime.commands.meaning import Action, Cannot, Do, Option, Reason, Route, Which
from runtime.commands.registry.devices import Device
from runtime.commands.registry.house import House
from runtime.commands.sentence import Reading, Sentence
from runtime.commands.wording.describe import either, later
from runtime.commands.wording.speak import say

_WORDS: Final = (
    "the my our your that this please can could would will you want to need just now then go and all it for me us up "
    "down open unlock unlatch undo release let get door doors gate garage lock locks shutter valve turn switch on off "
    "set make put start run activate press"
)
_GENERAL: Final = frozenset(_WORDS.split())
"""Words by which anything of its kind can be meant."""


def guarded(reading: Reading, sentence: Sentence, house: House) -> Reading:
    """The reading, or the refusal that it has to give way to."""
    if not isinstance(reading.meaning, Do | Which) or reading.route is not Route.CHOICE:
        return reading
    language = sentence.language
    text = digits(plain(sentence.text, language), language)
    found = aside(text, language, house)
    if found is not None and (refusal := _refusal(found, language)) is not None:
        return replace(reading, meaning=refusal)
    unnamed = [each for each in _actions(reading.meaning) if not _is_named(each, text, language, house)]
    if unnamed and (rest := _without(unnamed, reading.meaning, house, language)) is not None:
        return replace(reading, meaning=rest)
    if unnamed:
        what = name_of(house.devices[unnamed[0].device], language)
        text = say("refused.by_name_only", language, device=what)
        return replace(reading, meaning=Cannot(Reason.NO_SUCH_DEVICE, text))
    if found is not None and isinstance(reading.meaning, Do):
        return replace(reading, meaning=_whether(reading.meaning, house, language))
    return reading


def _without(unnamed: Sequence[Action], meaning: Do | Which, house: House, language: str) -> Which | None:
    """The question without the answers that would take a name; None if no other is left."""
    if isinstance(meaning, Do) or meaning.waiting:
        return None
    kept = tuple(each for each in meaning.options if not set(each.meaning.actions) & set(unnamed))
    if len(kept) == 1:
        return _whether(kept[0].meaning, house, language)
    options = either([each.label for each in kept], language)
    return Which(say("asked.which", language, options=options), kept) if kept else None


def _whether(do: Do, house: House, language: str) -> Which:
    what = later(do, house, language)
    return Which(say("asked.confirm", language, what=what), (Option(what, do),))


def _refusal(found: Found, language: str) -> Cannot | None:
    """None where it is to be asked about."""
    match found.aside:
        case Aside.WAITS:
            return Cannot(Reason.NOT_UNDERSTOOD, say("heard.waits", language))
        case Aside.TELLS:
            return Cannot(Reason.OUT_OF_SCOPE, say("refused.out_of_scope", language))
        case Aside.PART:
            why = say("refused.not_understood", language)
            return Cannot(
                Reason.NOT_UNDERSTOOD, say("heard.not_that_part", language, part=found.words, why=why)
            )
        case Aside.DOUBT:
            return None


def _actions(meaning: Do | Which) -> tuple[Action, ...]:
    if isinstance(meaning, Do):
        return meaning.actions
    return (*meaning.waiting, *(each for option in meaning.options for each in option.meaning.actions))


def _is_named(action: Action, text: str, language: str, house: House) -> bool:
    """Whether something dangerous is called by its name, or by nothing that another could be meant by."""
    device = house.devices.get(action.device)
    capability = None if device is None else device.capability(action.capability)
    if device is None or capability is None or not capability.is_dangerous(action.value):
        return True
    said = spoken(text, language)
    own = [each.text for each in names(house, language) if each.id == device.id]
    if any(each in said for each in own):
        return True
    if not said.isascii():
        return False
    return set(said.split()) <= _GENERAL | {
        word for each in (*own, *_around(device, house)) for word in each.split()
    }


def _around(device: Device, house: House) -> tuple[str, ...]:
    """The names of the room it is in."""
    area = house.areas.get(device.area or "")
    return () if area is None else tuple(each.text.casefold() for each in area.names)

"""Of all the ways in which a sentence follows templates, the one that is meant.

The longest name wins over a shorter one, a name that was given over one that is implied, a name over a kind, and more
of the template's own words over fewer. What is left differs in the device alone, or is the same.

A scene without "activate", or a name that reads as a command itself, comes after all else: devices name themselves.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from runtime.commands.language.names import Spoken, spoken
from runtime.commands.language.verbs import orders_plainly, says_little, stands_alone
from runtime.commands.rules.lexicon import PRONOUNS
from runtime.commands.rules.recogniser import Match
from runtime.commands.rules.situation import Found

_PRESSES: Final = re.compile(
    r"(?:activate|trigger|run|start|launch|begin|press|push|ring|tap|hit|click)\b|啟動|啟用|執行|開始|切換|進入|按|觸發"
)
_WHERE: Final = frozenset({"name", "area", "floor", "domain", "device_class"})


def best(
    matches: Iterable[Match],
    spoken_of: Sequence[str] = (),
    *,
    text: str,
    language: str,
    pressed: Collection[str] = (),
) -> Found | None:
    """What was recognised; None if nothing was, or if `them` was said of devices that it cannot be said of.

    Args:
        matches: each way to read it.
        spoken_of: ids of what was spoken of before.
        text: the sentence.
        language: of the sentence.
        pressed: ids of scenes and buttons.
    """
    whole = spoken(text, language)
    said = [each for each in matches if not _alone(each, whole) or stands_alone(whole, language)]
    free = () if _PRESSES.match(text) else pressed
    ranked = sorted(said, key=lambda each: (_doubtful(each, free, language), _rank(each)))
    if not ranked:
        return None
    top = ranked[0]
    alike = [each for each in ranked if _rank(each)[:2] == _rank(top)[:2] and _same(each, top)]
    devices = tuple(dict.fromkeys(name.id for name in map(_name, alike) if name is not None))
    together = top.said.get("name", "") in PRONOUNS
    if together and not set(spoken_of) <= set(devices):
        return None
    return Found(
        top.intent,
        {slot: value for slot, value in top.slots.items() if slot not in _WHERE},
        top.response,
        devices,
        together,
        area=top.slots.get("area"),
        floor=top.slots.get("floor"),
        kind=_text(top.slots, "domain"),
        device_class=tuple(dict.fromkeys(str(c) for each in alike if (c := each.slots.get("device_class")))),
    )


def _rank(match: Match) -> tuple[int, bool, int, bool]:
    """The less the better; a door that moves is opened and closed rather than one that only locks."""
    name = _name(match)
    implied = bool(name and name.implied)
    return -len(match.said.get("name", "")), implied, -match.literal, "as" in match.slots


def _alone(match: Match, whole: str) -> bool:
    """Whether a name is all that was said."""
    return _name(match) is not None and match.said.get("name", "") == whole


def _doubtful(match: Match, free: Collection[str], language: str) -> bool:
    """Whether any other reading is rather meant: a name of a scene without "activate", or one that is no name."""
    name, said = _name(match), match.said.get("name", "")
    if name is None or said in PRONOUNS:
        return False
    return name.id in free or orders_plainly(said, language) or says_little(said, language)


def _name(match: Match) -> Spoken | None:
    name = match.slots.get("name")
    return name if isinstance(name, Spoken) else None


def _same(one: Match, other: Match) -> bool:
    """Whether two matches differ in the device at most."""
    kept = ("device_class", "name")
    return (
        one.intent == other.intent
        and one.response == other.response
        and {k: v for k, v in one.slots.items() if k not in kept}
        == {k: v for k, v in other.slots.items() if k not in kept}
        and ("name" in one.slots) == ("name" in other.slots)
        and ("device_class" in one.slots) == ("device_class" in other.slots)
    )


def _text(slots: Mapping[str, Any], key: str) -> str | None:
    value = slots.get(key)
    return value if isinstance(value, str) else None

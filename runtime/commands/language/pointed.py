"""Things that are pointed at rather than named: "the one in the kitchen", "kitchen light". Every word has to count."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from runtime.commands.language.names import Of, Spoken, names, spoken
from runtime.commands.registry.devices import Device
from runtime.commands.registry.house import House
from runtime.commands.shortlist.vocabulary import vocabulary

_LONGEST: Final = 60
"""Letters: what is longer is more than a noun, and not worth searching."""
_FILLER: Final = re.compile(
    r"\b(?:the|my|our|an?|ones?|in|on|at|of|from|that|this|it|is|it's|that's|i|mean|please|thing|room)\b|\b1$|'s\b|[.,!?。，！？]"
    r"|那一?[個盞台扇道支]|這一?[個盞台扇道支]|裡面|裡的|[的裡在是那這我說]"
)


@dataclass(frozen=True, slots=True)
class Pointed:
    """What was pointed at."""

    devices: tuple[str, ...]
    """Ids: never none."""
    thing: bool
    """A name or a kind was said, and not a place alone."""
    place: bool


def pointed(text: str, language: str, house: House) -> Pointed | None:
    """What a noun points at by name, kind and place; None where a word of it stands for nothing here.

    Args:
        text: made plain.
        language: BCP 47.
        house: whose devices and places they are.
    """
    said = spoken(text, language)
    if not said or len(said) > _LONGEST:
        return None
    rest, found = _taken(said, names(house, language))
    rest, kinds = _kinds(rest, house.devices.values())
    if _FILLER.sub(" ", rest).strip() or not (found or kinds):
        return None
    named = {each.id for each in found if each.of is Of.DEVICE}
    areas = {each.id for each in found if each.of is Of.AREA}
    floors = {each.id for each in found if each.of is Of.FLOOR}
    place = bool(areas or floors)
    ids = tuple(
        device.id
        for device in house.devices.values()
        if (not named or device.id in named)
        and kinds <= _called(device)
        and (not place or device.area in areas or _floor(device, house) in floors)
    )
    return Pointed(ids, bool(named or kinds), place) if ids else None


def _taken(text: str, known: Iterable[Spoken]) -> tuple[str, list[Spoken]]:
    """A text without the names in it, longest first; and whose they are."""
    found = []
    there = sorted(
        (each for each in known if each.text and each.text in text), key=lambda each: -len(each.text)
    )
    for name in dict.fromkeys(each.text for each in there):
        text, count = _whole(name).subn(" ", text)
        found += [each for each in there if each.text == name] if count else []
    return text, found


def _kinds(text: str, devices: Iterable[Device]) -> tuple[str, set[str]]:
    """A text without the words for kinds in it; and those words."""
    words = {word for device in devices for word in _called(device)}
    found = set()
    for word in sorted((each for each in words if each in text), key=len, reverse=True):
        text, count = _whole(word, plural=True).subn(" ", text)
        found |= {word} if count else set()
    return text, found


def _called(device: Device) -> frozenset[str]:
    return frozenset(vocabulary().of(device))


def _floor(device: Device, house: House) -> str | None:
    room = house.areas.get(device.area) if device.area else None
    return None if room is None else room.floor


def _whole(word: str, *, plural: bool = False) -> re.Pattern[str]:
    if not word.isascii():
        return re.compile(re.escape(word))
    return re.compile(rf"(?<![a-z0-9]){re.escape(word)}{'s?' if plural else ''}(?![a-z0-9])")


def parts(text: str) -> Iterator[str]:
    """What is enumerated, one by one."""
    yield from (
        each.strip() for each in re.split(r",? and |, |\s*(?:和|跟|與|還有|以及|、)\s*", text) if each.strip()
    )

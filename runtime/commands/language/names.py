"""What things are called, and where a sentence calls them so."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from runtime.commands.language.normalise import clean, is_chinese
from runtime.commands.language.quantities import digits
from runtime.commands.registry.devices import Area, Device, Name
from runtime.commands.registry.house import House
from runtime.commands.shortlist.vocabulary import vocabulary

_ARTICLE = re.compile(r"^(?:the|my|our|an?) (?=\S)")
_PUNCTUATION = re.compile(r"[.,!?;:…]+(?=\s|$)|^[.,!?;:…]+")
_HEIGHTS: Final = {
    "basement": -1, "cellar": -1, "地下": -1, "ground": 0, "downstairs": 0, "樓下": 0, "first": 1,
    "upstairs": 1, "樓上": 1, "second": 2, "third": 3, "attic": 9, "loft": 9, "閣樓": 9, "頂樓": 9,
}  # fmt: skip
_LONGEST_NAME: Final = 3
"""Words: of a longer name one word says little."""
_SHORTEST: Final = 4
"""Letters: shorter words are in many sentences."""
_FLOOR_WORD = re.compile(r"(?<=\S) floor$")


def name_of(thing: Device | Area, language: str) -> str:
    """The name to say in a language: one of that language, else one of any, else the first there is."""
    base = language.split("-", maxsplit=1)[0].casefold()
    ranked = sorted(enumerate(thing.names), key=lambda each: (_foreign(each[1], language, base), each[0]))
    return ranked[0][1].text if ranked else thing.id


def _foreign(name: Name, language: str, base: str) -> int:
    if name.language is None:
        return 3 if is_chinese(name.text) is not (base == "zh") else 2
    if name.language.casefold() == language.casefold():
        return 0
    return 1 if name.language.split("-")[0].casefold() == base else 4


class Of(StrEnum):
    """What a name is the name of."""

    DEVICE = "device"
    AREA = "area"
    FLOOR = "floor"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A name as it is found in a sentence that was made plain and has its numbers in digits."""

    text: str
    of: Of
    id: str
    """Of the device or area; of a floor, the floor as areas have it."""
    implied: bool = False
    """Nobody gave this name: it is what is left of one without the name of the room."""


def spoken(text: str, language: str) -> str:
    """A name in the form in which sentences are searched for it."""
    return _ARTICLE.sub("", unpunctuated(digits(clean(text).casefold(), language))).strip(" 。、")


def unpunctuated(text: str) -> str:
    """Without stops and commas behind words: nobody hears them, and they would keep a name from being found."""
    return _PUNCTUATION.sub("", text)


def names(house: House, language: str) -> Iterator[Spoken]:
    """Every name of every device, area and floor, in all languages: people mix them."""
    areas = {each.id: tuple(_forms(each, language)) for each in house.areas.values()}
    for area in house.areas.values():
        yield from (Spoken(form, Of.AREA, area.id) for form in areas[area.id])
    floors = {each.floor: spoken(each.floor, language) for each in house.areas.values() if each.floor}
    for floor, form in floors.items():
        yield Spoken(_FLOOR_WORD.sub("", form), Of.FLOOR, floor)
    for form, floor in _up_and_down(floors):
        yield Spoken(form, Of.FLOOR, floor, implied=True)
    for device in house.devices.values():
        given = tuple(_forms(device, language))
        yield from (Spoken(form, Of.DEVICE, device.id) for form in given)
        rooms = areas.get(device.area, ()) if device.area else ()
        short = {_without(form, room) for form in given for room in rooms} - {"", *given}
        yield from (Spoken(form, Of.DEVICE, device.id, implied=True) for form in sorted(short))


def own_words(house: House, language: str) -> frozenset[str]:
    """Words of letters that are in the names of one device and of nothing else: `grinder` of `coffee grinder`."""
    of: dict[str, set[str]] = {}
    for each in names(house, language):
        said = each.text.split()
        for word in said if len(said) <= _LONGEST_NAME else ():
            of.setdefault(word, set()).add(f"{each.of}.{each.id}")
    ordinary = vocabulary().common | _ANY
    return frozenset(
        word
        for word, things in of.items()
        if len(things) == 1
        and next(iter(things)).startswith(Of.DEVICE)
        and word.isascii()
        and len(word) >= _SHORTEST
        and word not in ordinary
    )


def _forms(thing: Device | Area, language: str) -> Iterator[str]:
    forms = (spoken(name.text, language) for name in thing.names)
    yield from dict.fromkeys(form for form in forms if form)


def _up_and_down(floors: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """`upstairs` and `downstairs` of a house with two floors of which it is known which is above."""
    heights = {floor: _height(form) for floor, form in floors.items()}
    known = {floor: height for floor, height in heights.items() if height is not None}
    if len(floors) != 2 or len(set(known.values())) != 2:  # noqa: PLR2004  two floors
        return
    low, high = sorted(known, key=lambda floor: known[floor])
    taken = floors.values()
    yield from ((form, high) for form in ("upstairs", "樓上") if form not in taken)
    yield from ((form, low) for form in ("downstairs", "樓下") if form not in taken)


def _height(form: str) -> int | None:
    if match := re.search(r"\d+", form):
        return int(match[0]) * (-1 if form.startswith(("b", "地下")) else 1)
    return next((height for word, height in _HEIGHTS.items() if word in form), None)


def _without(name: str, room: str) -> str:
    """What is left of `kitchen ceiling light` without `kitchen`; nothing where that could be any."""
    if not name.startswith(room) or name == room:
        return ""
    rest = name[len(room) :].removeprefix("的").removeprefix("'s").strip()
    whole = not room[-1].isascii() or not name[len(room)].isalnum()
    return rest if whole and rest not in _ANY else ""


_ANY = frozenset(
    [
        "light",
        "lights",
        "lighting",
        "lamp",
        "lamps",
        "fan",
        "fans",
        "door",
        "doors",
        "window",
        "windows",
        "blind",
        "blinds",
        "curtain",
        "curtains",
        "shade",
        "shades",
        "shutter",
        "shutters",
        "gate",
        "gates",
        "awning",
        "awnings",
        "lock",
        "locks",
        "switch",
        "switches",
        "climate",
        "temperature",
        "humidity",
        "sensor",
        "燈",
        "電燈",
        "燈光",
        "照明",
        "風扇",
        "電扇",
        "吊扇",
        "門",
        "窗",
        "窗戶",
        "窗簾",
        "百葉窗",
        "捲簾",
        "鎖",
        "門鎖",
        "開關",
        "溫度",
        "濕度",
        "感測器",
    ]
)
"""Words of a kind rather than a name."""

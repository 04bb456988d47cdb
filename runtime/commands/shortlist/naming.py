"""How far a sentence names a device: by its name, by what its kind is called, by where it is.

Every word of a name counts for as much as it tells devices apart in this house: of `desk lamp` rather `desk` than
`lamp`. Knows words and characters; knows nothing of what is to be done.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

from runtime.commands.registry.devices import Area, Device
from runtime.commands.registry.house import House
from runtime.commands.shortlist.vocabulary import vocabulary
from runtime.commands.shortlist.words import alike, characters, found, plain, words

_SWITCH_VERB: Final = re.compile(
    r"\bswitch(?=(?: \w+){0,5} (?:on|off|of|over)\b| (?:the|my|our|it|all|both|to|over)\b)|^switch\b"
)
"""Where it is no thing with two positions."""
_CERTAIN: Final = 0.99
_PLACE: Final = 0.4
"""What a room's name counts for within a device's: of `kitchen light`, the kitchen has other things."""
_PARTLY: Final = 0.6
"""Fewer characters of a Chinese name than this are no name."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A sentence, ready to be searched."""

    text: str
    words: tuple[str, ...]
    han: str
    """Its characters that are written without spaces."""
    pairs: tuple[str, ...]
    """Neighbouring words written together: `bath room`."""

    @classmethod
    def of(cls, text: str) -> "Heard":
        """Take a sentence apart."""
        found_words = words(_SWITCH_VERB.sub("turn", plain(text)))
        pairs = tuple(first + second for first, second in pairwise(found_words))
        return cls(plain(text), found_words, characters(text), pairs)

    def has(self, word: str, known: frozenset[str] = frozenset()) -> float:
        """How far a word of letters or a name of characters is in it; `known` words are themselves and no other."""
        if word and not word.isascii():
            share = found(word, self.han)
            return share if share >= _PARTLY else 0.0
        itself = vocabulary().common | known
        heard = [each for each in self.words if each == word or each not in itself]
        pairs = [pair for pair in self.pairs if abs(len(pair) - len(word)) <= 2]  # noqa: PLR2004  letters
        return max((alike(each, word) for each in (*heard, *pairs)), default=0.0)


@dataclass(frozen=True, slots=True)
class Named:
    """How far one device is named in one sentence; all from 0 to 1."""

    name: float
    """The best of its names, by how much of it was said."""
    exact: bool
    """Every word of a name was said just so."""
    part: float
    """The best word of a name that no other device has in its own."""
    kind: float
    """What its kind is called."""
    area: float
    """Its area."""
    elsewhere: float
    """Another area, and not its own."""


class Naming:
    """The names of one house."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._names: Mapping[str, tuple[tuple[str, ...], ...]] = {
            device.id: tuple(filter(None, map(_parts, (name.text for name in device.names))))
            for device in house.devices.values()
        }
        own = Counter(part for names in self._names.values() for part in {p for name in names for p in name})
        total = max(1, len(self._names))
        self._areas = {area.id: _of_area(area) for area in house.areas.values()}
        places = {part for area in house.areas.values() for name in area.names for part in _parts(name.text)}
        kinds = {word for names in vocabulary().kinds.values() for word in names}
        self._own = {part for part, count in own.items() if count == 1} - places - kinds
        self._weight = {
            part: math.log(1 + total / count) * (_PLACE if part in places else 1.0)
            for part, count in own.items()
        }

    @property
    def devices(self) -> Mapping[str, Device]:
        """By id."""
        return self._house.devices

    def parts(self, device: str) -> tuple[tuple[str, ...], ...]:
        """Its names in words."""
        return self._names[device]

    def named(self, heard: Heard) -> Mapping[str, Named]:
        """Of each device, how far the sentence names it."""
        areas = {area: max(map(heard.has, names), default=0.0) for area, names in self._areas.items()}
        found_words: dict[str, float] = {}
        return {
            device.id: self._named(device, heard, areas, found_words)
            for device in self._house.devices.values()
        }

    def areas(self, heard: Heard) -> frozenset[str]:
        """Ids of the areas that are named, surely."""
        sure = 0.85
        return frozenset(
            area for area, names in self._areas.items() if any(heard.has(name) >= sure for name in names)
        )

    @cached_property
    def known(self) -> frozenset[str]:
        """Every word of letters that stands for something in this house."""
        parts = {part for names in self._names.values() for name in names for part in name if part.isascii()}
        parts |= {part for names in self._areas.values() for name in names for part in words(name)}
        kinds = vocabulary()
        for device in self._house.devices.values():
            parts |= {part for name in kinds.of(device) for part in words(name)}
        return frozenset(parts)

    @cached_property
    def han(self) -> tuple[str, ...]:
        """Every name and word for a kind that is written in characters, longest first."""
        names = {characters(name.text) for device in self._house.devices.values() for name in device.names}
        names |= {characters(name.text) for area in self._house.areas.values() for name in area.names}
        kinds = vocabulary()
        names |= {
            name for device in self._house.devices.values() for name in kinds.of(device) if not name.isascii()
        }
        return tuple(sorted(names - {""}, key=len, reverse=True))

    def without_names(self, text: str) -> str:
        """A sentence with `it` for each name of a device that is in it word for word: a name asks for nothing."""
        return self._whole.sub("it", text) if self._whole.pattern else text

    @cached_property
    def _whole(self) -> re.Pattern[str]:
        names = {plain(name.text) for device in self._house.devices.values() for name in device.names}
        letters = sorted((name for name in names if name and name.isascii()), key=len, reverse=True)
        return re.compile("|".join(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])" for name in letters))

    def _named(
        self, device: Device, heard: Heard, areas: Mapping[str, float], known: dict[str, float]
    ) -> Named:
        best, exact, part = 0.0, False, 0.0
        for name in self._names[device.id]:
            joined = heard.has("".join(name)) if len(name) > 1 else 0.0
            best, exact = max(best, joined), exact or joined >= _CERTAIN
            shares = [(self._weight[part], self._share(part, heard, known)) for part in name]
            score = sum(weight * share for weight, share in shares) / sum(weight for weight, _ in shares)
            best = max(best, score)
            exact = exact or all(share >= _CERTAIN for _, share in shares)
            part = max(part, *(self._share(each, heard, known) for each in name if each in self._own), 0.0)
        kind = max((self._share_of_all(name, heard, known) for name in vocabulary().of(device)), default=0.0)
        own = areas.get(device.area or "", 0.0)
        other = max((share for area, share in areas.items() if area != device.area), default=0.0)
        return Named(best, exact, part, kind, own, max(0.0, other - own))

    def _share(self, part: str, heard: Heard, known: dict[str, float]) -> float:
        if part not in known:
            known[part] = heard.has(part, self.known)
        return known[part]

    def _share_of_all(self, name: str, heard: Heard, known: dict[str, float]) -> float:
        return min((self._share(part, heard, known) for part in _parts(name)), default=0.0)


def _parts(name: str) -> tuple[str, ...]:
    """Words of letters; a name in characters is one."""
    han = characters(name)
    return tuple(filter(None, (*words(name), han)))


def _of_area(area: Area) -> tuple[str, ...]:
    """Its names, each as one word: `living room` is found as two neighbours written together."""
    return tuple(dict.fromkeys(_joined(_parts(name.text)) for name in area.names))


def _joined(parts: Iterable[str]) -> str:
    return "".join(parts)


def mentions_all(heard: Heard) -> bool:
    """Whether all of a kind are meant: a word for all, or a kind in the plural."""
    kinds = vocabulary()
    if any(pattern.search(heard.text) for pattern in kinds.all.values()):
        return True
    plurals = {f"{word}s" for names in kinds.kinds.values() for word in names if word.isascii()}
    return any(word in plurals for word in re.findall(r"[a-z]+", heard.text))

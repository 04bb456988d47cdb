"""A sentence without the names of devices, areas and floors: no word of a name is taken for one of ours."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from runtime.commands.asking.words import Words
from runtime.commands.language.names import Of, Spoken, names
from runtime.commands.registry.devices import Kind
from runtime.commands.registry.house import House

_MARK: Final = "\ue000"
_HAN: Final = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Marked:
    """What is left of a sentence, and what was named in it."""

    text: str
    devices: tuple[str, ...]
    """Ids; of one name perhaps several."""
    areas: frozenset[str]
    floors: frozenset[str]


class Names:
    """The names of one house in one language, longest first."""

    def __init__(self, house: House, language: str, words: Words) -> None:
        """Gather them; some milliseconds for a hundred devices. What measures is no name without its room."""
        self.house = house
        self._spoken: dict[str, list[Spoken]] = {}
        for each in names(house, language):
            measured = each.implied and any(aspect.search(each.text) for aspect in words.aspects.values())
            if each.text and not measured:
                self._spoken.setdefault(each.text, []).append(each)
        self._longest = sorted(self._spoken, key=len, reverse=True)

    def fits(self, house: House) -> bool:
        """Whether they are still those of this house."""
        return house is self.house or (
            house.version == self.house.version
            and house.devices == self.house.devices
            and house.areas == self.house.areas
        )

    def mark(self, text: str) -> Marked:
        """Take the names out of a sentence that was made plain, its numbers in digits."""
        found: list[Spoken] = []
        for name in self._longest:
            if name not in text:
                continue
            text, count = _whole(name).subn(_MARK, text)
            if count:
                found.extend(self._spoken[name])
        given = _ids(found, Of.DEVICE, implied=False)
        return Marked(
            text,
            given or _ids(found, Of.DEVICE, implied=True),
            frozenset(_ids(found, Of.AREA)),
            frozenset(each.id for each in found if each.of is Of.FLOOR),
        )


def unmarked(text: str) -> str:
    """A sentence without its marks."""
    return text.replace(_MARK, " ")


def _whole(name: str) -> re.Pattern[str]:
    if _HAN.search(name):
        return re.compile(re.escape(name))
    return re.compile(rf"(?<![a-z0-9]){re.escape(name)}s?(?![a-z0-9])")


def _ids(found: Iterable[Spoken], of: Of, *, implied: bool = False) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.id for each in found if each.of is of and each.implied == implied))


def own_words(house: House, taken: Mapping[str, object]) -> Mapping[str, str]:
    """Words that stand in the names of one device only, and are none of `taken`: what is short for its name."""
    whose: dict[str, set[str]] = {}
    for device in house.devices.values():
        if device.kind in {Kind.SCENE, Kind.BUTTON}:
            continue
        for name in device.names:
            for word in re.findall(r"[a-z0-9']{3,}", name.text.casefold()):
                whose.setdefault(word, set()).add(device.id)
    return {word: min(ids) for word, ids in whose.items() if len(ids) == 1 and word not in taken}

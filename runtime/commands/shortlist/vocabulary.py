"""What people call kinds of devices: `vocabulary.toml`, read once."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from runtime.commands.registry.devices import Device
from runtime.commands.shortlist.words import stem

_OPENINGS: Final = frozenset({"garage", "gate", "door", "window"})
_HANGINGS: Final = frozenset({"blind", "curtain", "shade", "drape", "awning", "窗簾", "捲簾", "百葉窗"})
"""What nobody calls a door, although both are covers."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words for kinds, and words that stand for no device."""

    kinds: Mapping[str, tuple[str, ...]]
    classes: Mapping[str, tuple[str, ...]]
    all: Mapping[str, re.Pattern[str]]
    """By language: what says that all of a kind are meant."""
    seen: frozenset[str]
    """What plays pictures; who calls a device so does not call it one of `heard`."""
    heard: frozenset[str]
    common: frozenset[str]
    things: frozenset[str]
    """What a house may have; in stems, and in characters."""
    rooms: frozenset[str]
    places: frozenset[str]
    """Rooms in characters."""

    def of(self, device: Device) -> tuple[str, ...]:
        """What such a device is called by those who do not know its name."""
        narrow = self.classes.get(device.device_class or "", ())
        called = {stem(word) for name in device.names for word in name.text.casefold().split()}
        other = self.heard if called & self.seen else self.seen if called & self.heard else frozenset()
        other |= _HANGINGS if device.device_class in _OPENINGS else frozenset()
        wide = (word for word in self.kinds.get(device.kind, ()) if word not in other)
        return tuple(dict.fromkeys((*narrow, *wide)))


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary as it was shipped."""
    raw = tomllib.loads(files(__package__).joinpath("vocabulary.toml").read_text(encoding="utf-8"))
    return Vocabulary(
        kinds={kind: tuple(names) for kind, names in raw["kinds"].items()},
        classes={name: tuple(names) for name, names in raw["classes"].items()},
        all={language: re.compile(pattern) for language, pattern in raw["all"].items()},
        seen=frozenset(raw["players"]["seen"]),
        heard=frozenset(raw["players"]["heard"]),
        common=frozenset(stem(word) for word in raw["common"]["en"].split()),
        things=frozenset((*map(stem, raw["absent"]["things"].split()), *raw["absent"]["zh"])),
        rooms=frozenset(map(stem, raw["absent"]["rooms"].split())),
        places=frozenset(raw["absent"]["zh_rooms"]),
    )

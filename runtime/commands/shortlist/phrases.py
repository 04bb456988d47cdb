"""What people say when they want something: `phrases.toml`, read once, and said of a device."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from runtime.commands.registry.devices import Device, Name
from runtime.commands.registry.house import House
from runtime.commands.shortlist.possible import Possible

_OWN: Final = 2
"""How many of a phrase's wordings are said of each device: each takes time to compare."""


@cache
def _shipped() -> Mapping[str, tuple[str, ...]]:
    raw = tomllib.loads(files(__package__).joinpath("phrases.toml").read_text(encoding="utf-8"))
    return {key: tuple(phrases) for key, phrases in raw.items()}


def nothing() -> tuple[str, ...]:
    """Sentences that are no command to a house."""
    return _shipped()["nothing"]


def concept(possible: Possible) -> str:
    """What is wanted, of whatever device: the key of its wordings."""
    kind, name, towards = possible.kind.value, possible.capability.name, possible.towards
    keys = (
        f"{kind}.{name}.{towards}",
        f"{kind}.{name}",
        f"*.{name}.{towards}",
        f"*.{name}",
        f"*.*.{towards}",
        "*.*",
    )
    return next(key for key in keys if key in _shipped())


def of_kind(possible: Possible) -> tuple[str, ...]:
    """Wordings of what is wanted with the kind instead of a name."""
    spoken = possible.kind.value.replace("_", " ")
    return tuple(_said(phrase, spoken, possible) for phrase in _shipped()[concept(possible)])


def of_device(possible: Possible, house: House) -> tuple[str, ...]:
    """Wordings with the device's name, or with the kind and area of several."""
    name = _several(possible, house) if possible.several else _english(possible.devices[0].names)
    if not name:
        return ()
    area = house.areas.get(possible.devices[0].area or "")
    where = _english(area.names) if area is not None and not possible.several else ""
    if where and where.casefold() not in name.casefold():
        name = f"{name} in the {where}"
    return tuple(_said(phrase, name, possible) for phrase in _shipped()[concept(possible)][:_OWN])


def label(device: Device, language: str) -> str:
    """A device as a person is asked about it."""
    fitting = (name.text for name in device.names if name.language == language)
    return next(fitting, device.name)


def _several(possible: Possible, house: House) -> str:
    area = house.areas.get(possible.area or "")
    where = _english(area.names) if area is not None else "whole house"
    return f"{possible.kind.value.replace('_', ' ')}s in the {where}"


def _said(phrase: str, name: str, possible: Possible) -> str:
    return phrase.replace("{name}", name).replace("{value}", possible.towards.replace("_", " "))


def _english(names: tuple[Name, ...]) -> str:
    """The first name in letters: the encoder reads no other."""
    return next((name.text.lower() for name in names if name.text.isascii()), "")

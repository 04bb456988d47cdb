"""The tables in which an owner, or a device of ours, describes a device: TOML in a file, JSON in an announcement.

Keys, their types and their bounds; what they mean is `runtime.commands.registry.description`. A key that is not here is
refused by name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from runtime.commands.registry.codec import FARTHEST
from runtime.commands.registry.names import LONGEST_NAME, displayable
from runtime.errors import DeviceError

MOST_NAMES: Final = 16
MOST_CAPABILITIES: Final = 32
MOST_OPTIONS: Final = 100
LONGEST_WORD: Final = 200
_CAPABILITY: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NameTable:
    """A name of one language."""

    text: str
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeTable:
    """Numbers from `low` to `high`."""

    low: float
    high: float
    step: float = 1.0
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WireTable:
    """What the device calls the ends of the range, and its finest difference, where it counts otherwise."""

    low: float
    high: float
    step: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityTable:
    """One thing that a device does or tells."""

    topic: str | None = None
    """Where it is set; without one it is only read."""
    field: str | None = None
    """The key under which the value stands in JSON, both ways."""
    template: str | None = None
    """What is sent, `value` being the device's word."""
    payload: str | None = None
    """What is sent to something that is only pressed."""
    payloads: dict[str, str] | None = None
    """The device's word for each value: on and off, or the options."""
    retain: bool = False
    state_topic: str | None = None
    state_template: str | None = None
    """What the value is, `value` and `value_json` being what the device said."""
    states: dict[str, str] | None = None
    """What the device says for each value, where that is not what it is sent."""
    range: RangeTable | None = None
    wire: WireTable | None = None
    unit: str | None = None
    """Of a number that is only read, and has no range."""
    options: tuple[str, ...] | None = None
    switch: bool = False
    press: bool = False
    text: bool = False
    dangerous: bool | tuple[str | float | bool, ...] | None = None
    """Which values ask for a confirmation: these, all, or none; not said, the usual ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTable(CapabilityTable):
    """A device; the keys of a capability that it has itself are those of its main one."""

    id: str
    kind: str
    names: tuple[str | NameTable, ...] = ()
    area: str | None = None
    device_class: str | None = None
    availability_topic: str | None = None
    capabilities: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedTable:
    """What the owner says of a device that describes itself."""

    id: str
    names: tuple[str | NameTable, ...] = ()
    area: str | None = None
    device_class: str | None = None
    dangerous: bool | dict[str, Any] | None = None
    ignore: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaTable:
    """A room."""

    id: str
    names: tuple[str | NameTable, ...] = ()
    floor: str | None = None


def capability_name(name: str) -> str:
    """A name of a capability, if it is one.

    Raises:
        DeviceError: it is none.
    """
    if not _CAPABILITY.fullmatch(name):
        raise DeviceError(f"capability {name[:40]!r} must be 1 to 40 of a-z, 0-9 and '_', a letter first")
    return name


def word(text: object, key: str) -> str:
    """A word that the device is sent or says.

    Raises:
        DeviceError: no text, too long, or with what cannot be shown.
    """
    if not isinstance(text, str) or len(text) > LONGEST_WORD or not displayable(text):
        raise DeviceError(f"{key} must be a text of at most {LONGEST_WORD} plain characters, in quotes")
    return text


def words(table: Mapping[str, object] | None, key: str, known: tuple[str, ...]) -> dict[str, str]:
    """Words by value.

    Raises:
        DeviceError: of a value that there is not, or no words.
    """
    for each in table or {}:
        if each not in known:
            raise DeviceError(f"{key} has a word for {each[:40]!r}, but the values are {', '.join(known)}")
    return {each: word(said, f"{key}.{each}") for each, said in (table or {}).items()}


def option_words(options: tuple[str, ...], key: str) -> tuple[str, ...]:
    """Options, if they are any.

    Raises:
        DeviceError: none, too many, twice the same, or one that cannot be shown.
    """
    if not 1 <= len(options) <= MOST_OPTIONS or len(set(options)) != len(options):
        raise DeviceError(f"{key} must be 1 to {MOST_OPTIONS} different words")
    for each in options:
        if not each.strip() or len(each) > LONGEST_NAME or not displayable(each):
            raise DeviceError(f"{key} has {each[:40]!r}; an option has 1 to {LONGEST_NAME} plain characters")
    return options


def finite(*numbers: float) -> bool:
    """Whether one can count from the first to the second, in steps of the third."""
    low, high, *step = numbers
    return all(abs(each) <= FARTHEST for each in numbers) and low != high and all(each >= 0 for each in step)

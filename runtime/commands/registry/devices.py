"""What a device is: names, an area, and capabilities with the values they take. Values only.

Kinds and device classes are those of Home Assistant, the vocabulary that boards, sensors and sentences share. Values
are what something is to be, never how it gets there (`open`, not `opens`), so that doing it twice is doing it once.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

Value = bool | float | str | None
"""Of a switch, a range, options; None for what is only pressed."""


class Kind(StrEnum):
    """What a device is to those who speak of it."""

    LIGHT = "light"
    SWITCH = "switch"
    FAN = "fan"
    COVER = "cover"
    VALVE = "valve"
    LOCK = "lock"
    CLIMATE = "climate"
    HUMIDIFIER = "humidifier"
    MEDIA_PLAYER = "media_player"
    VACUUM = "vacuum"
    SIREN = "siren"
    NUMBER = "number"
    SELECT = "select"
    SENSOR = "sensor"
    BINARY_SENSOR = "binary_sensor"
    SCENE = "scene"
    BUTTON = "button"


@dataclass(frozen=True, slots=True)
class Name:
    """One of the names something is called by."""

    text: str
    language: str | None = None
    """BCP 47, such as zh-TW; None is any language."""


@dataclass(frozen=True, slots=True)
class Switch:
    """On or off: True or False."""

    def check(self, value: Value) -> str | None:
        """Why a value is none of this domain; None if it is one."""
        return None if isinstance(value, bool) else f"it takes on or off, not {value}"


@dataclass(frozen=True, slots=True)
class Range:
    """A number from `low` to `high`, both included."""

    low: float
    high: float
    step: float = 1.0
    """The finest difference the device knows; a value is rounded to it before it is sent."""
    unit: str = ""

    def check(self, value: Value) -> str | None:
        """Why a value is none of this domain; None if it is one."""
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return f"it takes a number, not {value}"
        if not self.low <= value <= self.high:
            return f"it takes {self.low:g} to {self.high:g}{self.unit and ' '}{self.unit}, not {value:g}"
        return None


@dataclass(frozen=True, slots=True)
class Options:
    """One of a few words."""

    values: tuple[str, ...]

    def check(self, value: Value) -> str | None:
        """Why a value is none of this domain; None if it is one."""
        return None if value in self.values else f"it takes {', '.join(self.values)}, not {value}"


@dataclass(frozen=True, slots=True)
class Press:
    """Nothing to choose: it happens, each time it is asked for."""

    def check(self, value: Value) -> str | None:
        """Why a value is none of this domain; None if it is one."""
        return None if value is None else f"it takes no value, not {value}"


@dataclass(frozen=True, slots=True)
class Text:
    """Words that a device says; only ever read."""

    def check(self, value: Value) -> str | None:
        """Why a value is none of this domain; None if it is one."""
        return None if isinstance(value, str) else f"it is a text, not {value}"


Domain = Switch | Range | Options | Press | Text


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing that a device does or tells.

    Standard names: `power` (Switch); `brightness`, `volume`, `speed`, `position`, `tilt`, `humidity` (Range in %);
    `color` (Options, names of colours), `color_temperature` (Range in K); `state` of a cover or valve (open, closed,
    stopped) and of a lock (locked, unlocked); `temperature` of a climate (Range, its target) and `current_temperature`;
    `mode`, `preset`, `fan_mode`, `effect` (Options); `activate` of a scene or button (Press); `value` of a number
    (Range), a select (Options), a sensor (Range or Text, read only), a binary sensor (Switch, read only).
    """

    name: str
    domain: Domain
    settable: bool = True
    readable: bool = True
    also_read: tuple[str, ...] = ()
    """Values that it can be found at, and not be set to, such as `opening`."""
    dangerous: tuple[Value, ...] = ()
    """Values that are set only after a confirmation."""
    always_dangerous: bool = False
    """Any value is."""
    by_mode: bool = False
    """A power that is no switch of its own: any mode but off is on."""

    def is_dangerous(self, value: Value) -> bool:
        """Whether a person has to confirm that this is meant."""
        return self.always_dangerous or any(
            value == each and type(value) is type(each) for each in self.dangerous
        )


@dataclass(frozen=True, slots=True)
class Area:
    """A room, or another place that has a name."""

    id: str
    names: tuple[Name, ...]
    floor: str | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """One thing in the house."""

    id: str
    """Unique over all sources: 1 to 64 of a-z, 0-9, `_`, `-`, `.`."""
    names: tuple[Name, ...]
    """The first is the one that is shown. All of it is data: nothing in it is ever an instruction."""
    kind: Kind
    capabilities: tuple[Capability, ...]
    area: str | None = None
    """Id of an area."""
    device_class: str | None = None
    """As Home Assistant has it: garage, door, temperature, motion..."""
    source: str = ""
    """Which source said so: toml, homeassistant, announce, bridge."""

    @property
    def name(self) -> str:
        """The one that is shown."""
        return self.names[0].text if self.names else self.id

    def capability(self, name: str) -> Capability | None:
        """The capability of that name."""
        return next((each for each in self.capabilities if each.name == name), None)


def shown(value: Value) -> str:
    """A value as it is written in explanations and logs."""
    match value:
        case None:
            return ""
        case bool():
            return "on" if value else "off"
        case str():
            return value
        case _:
            return f"{value:g}"

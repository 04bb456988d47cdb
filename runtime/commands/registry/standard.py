"""What is usual: the main capability of each kind, the values of capabilities with standard names, what is dangerous.

The same for every source, so that a garage door is dangerous to open however it was described.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from runtime.commands.registry.codec import FARTHEST
from runtime.commands.registry.devices import (
    Capability,
    Domain,
    Kind,
    Options,
    Press,
    Range,
    Switch,
    Text,
    Value,
)

ANY_NUMBER: Final = Range(-FARTHEST, FARTHEST, step=0.0)
PERCENT: Final = Range(0, 100, unit="%")
KELVIN: Final = Range(2000, 6500, unit="K")
CELSIUS: Final = Range(7, 35, step=0.5, unit="°C")

OPENINGS: Final = Options(("open", "closed", "stopped"))
MOVING: Final = ("opening", "closing")
LOCK: Final = Options(("locked", "unlocked"))
TURNING: Final = ("locking", "unlocking", "jammed")

_GUARDED: Final = frozenset({"garage", "gate", "door", "gas"})
"""Device classes of covers and valves that let somebody, or something, in."""
_HARMLESS_LOCK: Final = frozenset({"locked"})
_HARMLESS_OPENING: Final = frozenset({"closed", "stopped"})
"""What lets nobody in."""

MOMENTARY: Final = frozenset({Kind.LOCK, Kind.COVER, Kind.VALVE, Kind.BUTTON, Kind.SCENE, Kind.SIREN})
"""What is never sent to be kept by the broker: it would happen again, or late, when the device comes back."""

_MAIN: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        Kind.COVER: "state",
        Kind.VALVE: "state",
        Kind.LOCK: "state",
        Kind.CLIMATE: "temperature",
        Kind.NUMBER: "value",
        Kind.SELECT: "value",
        Kind.SENSOR: "value",
        Kind.BINARY_SENSOR: "value",
        Kind.SCENE: "activate",
        Kind.BUTTON: "activate",
    }
)

_USUAL: Final[Mapping[str, Domain]] = MappingProxyType(
    {
        "power": Switch(),
        "oscillation": Switch(),
        "brightness": PERCENT,
        "volume": PERCENT,
        "speed": PERCENT,
        "position": PERCENT,
        "tilt": PERCENT,
        "humidity": PERCENT,
        "color_temperature": KELVIN,
        "temperature": CELSIUS,
        "current_temperature": replace(ANY_NUMBER, unit="°C"),
        "current_humidity": PERCENT,
        "activate": Press(),
    }
)
STANDARD: Final = frozenset(
    {*_MAIN.values(), *_USUAL, "mode", "fan_mode", "preset", "swing", "color", "effect"}
)
"""Names of capabilities that mean the same wherever they come from."""
READ_ONLY: Final = frozenset({"current_temperature", "current_humidity"})


def main_capability(kind: Kind) -> str:
    """What "the kitchen light" by itself is about."""
    return _MAIN.get(kind, "power")


def usual_domain(kind: Kind, name: str) -> Domain | None:
    """The values of a capability that has a standard name; None if they have to be said."""
    match kind, name:
        case ((Kind.COVER | Kind.VALVE), "state"):
            return OPENINGS
        case Kind.LOCK, "state":
            return LOCK
        case Kind.BINARY_SENSOR, "value":
            return Switch()
        case Kind.SENSOR, "value":
            return Text()
        case _:
            return _USUAL.get(name)


def also_read(kind: Kind, name: str) -> tuple[str, ...]:
    """What a state can be found at, and not be set to."""
    if name != "state":
        return ()
    return TURNING if kind is Kind.LOCK else MOVING


def guarded(kind: Kind, device_class: str | None, capability: Capability) -> tuple[tuple[Value, ...], bool]:
    """Which values of a capability are dangerous, and whether all of them are, if nobody says otherwise."""
    if not capability.settable:
        return (), False
    if kind is Kind.LOCK:
        harmless = _HARMLESS_LOCK
    elif kind in {Kind.COVER, Kind.VALVE} and device_class in _GUARDED and capability.name != "tilt":
        harmless = _HARMLESS_OPENING
    else:
        return (), False
    if isinstance(capability.domain, Options):  # a word that is not known may be one for open
        return tuple(each for each in capability.domain.values if each not in harmless), False
    return (), True  # which way it goes is not said

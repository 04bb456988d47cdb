"""All that could be asked of a house: devices, what of them, and towards what. The house in, values out."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from runtime.commands.registry.devices import Capability, Device, Kind, Options, Press, Range, Switch, Value
from runtime.commands.registry.house import House


class Aim(StrEnum):
    """Towards what."""

    VALUE = "value"
    """One value, which is known: on, closed, red."""
    NUMBER = "number"
    """A number that the sentence has."""
    MORE = "more"
    LESS = "less"
    MOST = "most"
    LEAST = "least"
    PRESS = "press"


_RANGE_AIMS: Final = (Aim.NUMBER, Aim.MORE, Aim.LESS, Aim.MOST, Aim.LEAST)
_TOGETHER: Final = frozenset(
    {Kind.LIGHT, Kind.SWITCH, Kind.FAN, Kind.COVER, Kind.LOCK, Kind.MEDIA_PLAYER, Kind.CLIMATE}
)
"""Kinds of which one speaks in the plural."""


@dataclass(frozen=True, slots=True)
class Possible:
    """One thing that could be asked for."""

    devices: tuple[Device, ...]
    """One, or all of a kind in an area or in the house."""
    capability: Capability
    aim: Aim
    value: Value = None
    area: str | None = None
    """Of several devices: the area they share, or None for the house."""

    @property
    def several(self) -> bool:
        """Whether a kind is meant, not a device."""
        return len(self.devices) > 1

    @property
    def kind(self) -> Kind:
        """Of the devices, which share it."""
        return self.devices[0].kind

    @property
    def towards(self) -> str:
        """Towards what, in one word: on, open, red, more."""
        if self.aim is not Aim.VALUE:
            return self.aim.value
        return ("on" if self.value else "off") if isinstance(self.value, bool) else str(self.value)

    @property
    def key(self) -> str:
        """The same as text, unique in a house."""
        who = self.devices[0].id if not self.several else f"{self.kind}@{self.area or '*'}"
        return f"{who}.{self.capability.name}:{self.towards}"


def possibles(house: House) -> tuple[Possible, ...]:
    """Everything that can be set, device by device, then kind by kind."""
    return (*_each(house), *_together(house))


def _each(house: House) -> Iterator[Possible]:
    for device, capability in house.settable():
        for aim, value in _aims(capability):
            yield Possible((device,), capability, aim, value)


def _aims(capability: Capability) -> Iterator[tuple[Aim, Value]]:
    match capability.domain:
        case Switch():
            yield from ((Aim.VALUE, True), (Aim.VALUE, False))
        case Options(values):
            yield from ((Aim.VALUE, value) for value in values)
        case Range():
            yield from ((aim, None) for aim in _RANGE_AIMS)
        case Press():
            yield Aim.PRESS, None


def _together(house: House) -> Iterator[Possible]:
    """What all of a kind do: on, off, open, locked. Numbers are said of one device."""
    for area in (None, *house.areas):
        groups: Mapping[tuple[Kind, str, Value], list[tuple[Device, Capability]]] = defaultdict(list)
        for device, capability in house.settable():
            if (
                device.kind in _TOGETHER
                and area in {None, device.area}
                and capability.name in {"power", "state"}
            ):
                for _, value in _aims(capability):
                    groups[device.kind, capability.name, value].append((device, capability))
        for (_, _, value), members in groups.items():
            if len(members) > 1:
                yield Possible(tuple(device for device, _ in members), members[0][1], Aim.VALUE, value, area)

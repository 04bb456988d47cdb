"""The house at one moment: what a sentence is understood against. A value; nothing in it changes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from runtime.commands.registry.devices import Area, Capability, Device, Kind, Value


@dataclass(frozen=True, slots=True)
class State:
    """What a capability was last heard to be at."""

    value: Value
    at: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class House:
    """Areas, devices and states."""

    areas: Mapping[str, Area] = field(default_factory=dict)
    """By id."""
    devices: Mapping[str, Device] = field(default_factory=dict)
    """By id."""
    states: Mapping[tuple[str, str], State] = field(default_factory=dict)
    """By device id and capability name."""
    away: frozenset[str] = frozenset()
    """Ids of devices that said they cannot be reached now."""
    version: int = 0
    """Another whenever areas or devices are, not with each state: what is computed from devices is kept by this."""

    def value(self, device: str, capability: str) -> Value:
        """What it was last heard to be at; None if nothing was heard."""
        state = self.states.get((device, capability))
        return None if state is None else state.value

    def of_kind(self, kind: Kind, area: str | None = None) -> Iterator[Device]:
        """The devices of a kind, of one area or of all."""
        for device in self.devices.values():
            if device.kind is kind and area in {None, device.area}:
                yield device

    def settable(self) -> Iterator[tuple[Device, Capability]]:
        """All that can be set."""
        for device in self.devices.values():
            for capability in device.capabilities:
                if capability.settable:
                    yield device, capability

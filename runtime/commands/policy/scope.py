"""Which actions a rule is about, by patterns. Values only."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from runtime.commands.meaning import Action
from runtime.commands.registry.devices import Device, shown


@dataclass(frozen=True, slots=True)
class Scope:
    """All of these have to fit; in each `*` is any text, `?` any letter."""

    devices: tuple[str, ...] = ("*",)
    """Ids of devices."""
    areas: tuple[str, ...] = ("*",)
    """Ids of areas; a device without one is in the area of the empty name."""
    kinds: tuple[str, ...] = ("*",)
    """light, cover, lock..."""
    capabilities: tuple[str, ...] = ("*",)
    """power, brightness, state..."""
    values: tuple[str, ...] = ("*",)
    """on, off, open, 40...; of what is only pressed, the empty text."""

    def holds(self, device: Device) -> bool:
        """Whether the rule is about anything of this device."""
        return (
            _fits(self.devices, device.id)
            and _fits(self.areas, device.area or "")
            and _fits(self.kinds, device.kind)
        )

    def covers(self, action: Action, device: Device) -> bool:
        """Whether the rule is about this action of this device."""
        return (
            self.holds(device)
            and _fits(self.capabilities, action.capability)
            and _fits(self.values, shown(action.value))
        )


def _fits(patterns: tuple[str, ...], name: str) -> bool:
    return any(fnmatchcase(name, each) for each in patterns)

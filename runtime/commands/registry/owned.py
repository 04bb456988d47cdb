"""What the owner says of a device that describes itself: other names, another room, what is dangerous, or to leave it.

A device that is discovered has one name, in one language, that somebody else chose. Here the owner has the last word,
without describing the device again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from runtime.commands.registry import standard
from runtime.commands.registry.description import names_of
from runtime.commands.registry.devices import Capability, Device, Name
from runtime.commands.registry.names import plain_id, plain_name
from runtime.commands.registry.tables import OwnedTable, capability_name, word
from runtime.commands.registry.values import dangerous_values
from runtime.commands.registry.wiring import Found
from runtime.errors import DeviceError


@dataclass(frozen=True, slots=True)
class Owned:
    """One device, as its owner has it."""

    id: str
    names: tuple[Name, ...] = ()
    """In place of its own; none leaves it those."""
    area: str | None = None
    device_class: str | None = None
    dangerous: bool | Mapping[str, bool | tuple[str | float | bool, ...]] | None = None
    """All of it or none, or by capability; None leaves what is usual."""
    ignore: bool = False

    def of(self, found: Found) -> Found | None:
        """The device with all of that; None if the owner wants none of it.

        Raises:
            DeviceError: it says of a capability what that cannot be.
        """
        if self.ignore:
            return None
        device = found.entry.device
        for name in self.dangerous if isinstance(self.dangerous, Mapping) else ():
            if device.capability(name) is None:
                known = ", ".join(each.name for each in device.capabilities)
                raise DeviceError(f"it has no {name} to be dangerous; it has {known}")
        capabilities = tuple(self._capability(each, device) for each in device.capabilities)
        device = replace(
            device,
            names=self.names or device.names,
            device_class=self.device_class or device.device_class,
            capabilities=capabilities,
        )
        return replace(
            found, entry=replace(found.entry, device=device), area_name=self.area or found.area_name
        )

    def _capability(self, capability: Capability, device: Device) -> Capability:
        if self.device_class is not None:
            dangerous, always = standard.guarded(device.kind, self.device_class, capability)
            capability = replace(capability, dangerous=dangerous, always_dangerous=always)
        told = self.dangerous.get(capability.name) if isinstance(self.dangerous, Mapping) else self.dangerous
        if told is None or not capability.settable:
            return capability
        dangerous, always = dangerous_values(told, capability.domain)
        return replace(capability, dangerous=dangerous, always_dangerous=always)


def owned(table: OwnedTable) -> Owned:
    """What a table says.

    Raises:
        DeviceError: a name that cannot be shown, or of what it is not.
    """
    dangerous: bool | dict[str, bool | tuple[str | float | bool, ...]] | None
    if isinstance(table.dangerous, dict):
        dangerous = {capability_name(name): _values(said, name) for name, said in table.dangerous.items()}
    else:
        dangerous = table.dangerous
    return Owned(
        plain_id(table.id, "id"),
        names_of(table.names, table.id) if table.names else (),
        plain_name(table.area, "area") if table.area else None,
        table.device_class and word(table.device_class, "device_class"),
        dangerous,
        table.ignore,
    )


def _values(said: object, name: str) -> bool | tuple[str | float | bool, ...]:
    if isinstance(said, bool):
        return said
    if isinstance(said, list) and all(isinstance(each, str | float | int) for each in said):
        return tuple(said)
    raise DeviceError(f"dangerous.{name} must be true, false or a list of values")

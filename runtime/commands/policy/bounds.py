"""Whether an action is one that its device knows, and its value as the device takes it. No model is asked."""

from dataclasses import replace

from runtime.commands.meaning import Action, Reason
from runtime.commands.registry.devices import Capability, Device, Range, Text
from runtime.commands.registry.house import House

_DIGITS = 9
"""Behind the point: what steps such as 0.1 add up to is not quite what is written."""


class OutOfBoundsError(ValueError):
    """The house has nothing like it. Never leaves the policy."""

    def __init__(self, reason: Reason, action: Action) -> None:
        super().__init__(str(action))
        self.reason, self.action = reason, action


def within(action: Action, house: House) -> tuple[Action, Device, Capability]:
    """The action with its value on the device's grid, and what it is about.

    Raises:
        OutOfBoundsError: no such device or capability, one that cannot be set, or a value outside its domain.
    """
    device = house.devices.get(action.device)
    if device is None:
        raise OutOfBoundsError(Reason.NO_SUCH_DEVICE, action)
    capability = device.capability(action.capability)
    if capability is None or not capability.settable or isinstance(capability.domain, Text):
        raise OutOfBoundsError(Reason.NO_SUCH_CAPABILITY, action)
    if capability.domain.check(action.value) is not None:
        raise OutOfBoundsError(Reason.OUT_OF_RANGE, action)
    return replace(action, value=_on_grid(action, capability)), device, capability


def _on_grid(action: Action, capability: Capability) -> bool | float | str | None:
    domain, value = capability.domain, action.value
    if not isinstance(domain, Range) or not isinstance(value, int | float) or domain.step <= 0:
        return value
    steps = round((value - domain.low) / domain.step)
    return min(domain.high, round(domain.low + steps * domain.step, _DIGITS))

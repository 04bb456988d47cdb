"""Whether an action is one that its device knows, and its value as the device takes it. No model is asked."""

from dataclasses import replace

from runtime.commands.meaning import Action, Reason
from runtime.commands.registry.devices import Capability, Device, Range, Text
from runtime.commands.registry.house import House

_DIGITS = 9
"""Behind the point: what steps such as 0.1 add up to is not quite what is written."""


class OutOfBoundsError(ValueError):
    """The house has nothing like it. Never leaves the policy."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


def within(action: Action, house: House) -> tuple[Action, Device, Capability]:
    """The action with its value on the device's grid, and what it is about.

    Raises:
        OutOfBoundsError: no such device or capability, one that cannot be set, or a value outside its domain.
    """
    device = house.devices.get(action.device)
    if device is None:
        raise OutOfBoundsError(Reason.NO_SUCH_DEVICE, f"there is no {action.device} here")
    capability = device.capability(action.capability)
    if capability is None or not capability.settable or isinstance(capability.domain, Text):
        raise OutOfBoundsError(
            Reason.NO_SUCH_CAPABILITY, f"{device.name} has no {action.capability} that can be set"
        )
    why = capability.domain.check(action.value)
    if why is not None:
        raise OutOfBoundsError(Reason.OUT_OF_RANGE, why)
    return replace(action, value=_on_grid(action, capability)), device, capability


def _on_grid(action: Action, capability: Capability) -> bool | float | str | None:
    domain, value = capability.domain, action.value
    if not isinstance(domain, Range) or not isinstance(value, int | float) or domain.step <= 0:
        return value
    steps = round((value - domain.low) / domain.step)
    return min(domain.high, round(domain.low + steps * domain.step, _DIGITS))

"""Whether some of what a device can be told has to be confirmed: by its own account, its owner's, or the policy."""

from collections.abc import Iterable
from typing import Final

from runtime.commands.meaning import Action
from runtime.commands.policy.scope import Scope
from runtime.commands.registry.devices import Capability, Device, Options, Press, Range, Switch, Text, Value

_MOST: Final = 256
"""Values of a range that are looked at; the policy itself looks at each that is asked for."""


def guarded(device: Device, dangerous: Iterable[Scope]) -> bool:
    """Whether any of it is; `dangerous`: what the policy says is, besides."""
    settable = [each for each in device.capabilities if each.settable]
    if any(each.dangerous or each.always_dangerous for each in settable):
        return True
    return any(
        scope.covers(Action(device.id, capability.name, value), device)
        for scope in dangerous
        if scope.holds(device)
        for capability in settable
        for value in _values(capability)
    )


def _values(capability: Capability) -> Iterable[Value]:
    match capability.domain:
        case Switch():
            return True, False
        case Range(low, high, step):
            steps = min(round((high - low) / step), _MOST) if step > 0 else _MOST
            return tuple(low + (high - low) * each / steps for each in range(steps + 1))
        case Options(values):
            return values
        case Press():
            return (None,)
        case Text():
            return ()

"""A change to how something is now, as the value it is then to be at.

The value is absolute, so that a command that comes twice changes once.
"""

from typing import Final

from runtime.commands.registry.devices import Range, Value

_STEPS: Final = {
    "%": (10.0, 20.0, 40.0),
    "°C": (0.5, 1.0, 2.0),
    "°F": (1.0, 2.0, 4.0),
    "K": (300.0, 500.0, 1000.0),
}
"""A bit, an ordinary step and a big one, by unit."""
_PARTS: Final = (0.05, 0.1, 0.25)
"""The same as parts of the range, for other units."""
AMOUNTS: Final = ("small", "", "large")


def changed(
    domain: Range, now: Value, *, up: bool, amount: str = "", by: float | None = None
) -> float | None:
    """What a value is to become; None if how it is now is not known.

    Args:
        domain: of the value; the result is inside it, and not beyond its ends however big the step.
        now: as it was last heard.
        up: or down.
        amount: one of `AMOUNTS`; does not matter where `by` says how much.
        by: the difference, in the domain's unit.
    """
    if isinstance(now, bool) or not isinstance(now, int | float):
        return None
    size = AMOUNTS.index(amount) if amount in AMOUNTS else 1
    parts = tuple(part * (domain.high - domain.low) for part in _PARTS)
    step = max(domain.step, _STEPS.get(domain.unit, parts)[size]) if by is None else abs(by)
    return rounded(domain, now + step if up else now - step)


def rounded(domain: Range, value: float) -> float:
    """The nearest value that the device knows."""
    inside = min(max(value, domain.low), domain.high)
    if domain.step <= 0:
        return inside
    steps = round((inside - domain.low) / domain.step)
    return min(max(round(domain.low + steps * domain.step, 6), domain.low), domain.high)

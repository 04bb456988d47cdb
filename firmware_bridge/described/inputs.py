"""What comes in by pins: levels that have to last before they are believed, and numbers that do not flutter."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from firmware_bridge.description import Range

_BEYOND: Final = Decimal("0.75")
"""So many steps away from what it is, a number is another one: half a step would flutter between two."""


class Level:
    """A digital input."""

    def __init__(self, debounce_s: float) -> None:
        self._debounce_s = debounce_s
        self._seen: tuple[bool, float] | None = None
        self.value: bool | None = None
        """What is believed."""

    @property
    def due(self) -> float | None:
        """When a level that was seen has lasted."""
        if self._seen is None or self._seen[0] == self.value:
            return None
        return self._seen[1] + self._debounce_s

    def see(self, now: float, *, level: bool) -> None:
        """The pin is so now."""
        if self._seen is None or self._seen[0] != level:
            self._seen = level, now

    def lasted(self, now: float) -> bool:
        """Whether another level than was believed has lasted; it is believed now. The first is, at once."""
        if self._seen is None or self._seen[0] == self.value:
            return False
        if self.value is not None and now < self._seen[1] + self._debounce_s:
            return False
        self.value = self._seen[0]
        return True


def settled(exact: Decimal, before: int | None, bounds: Range) -> int:
    """The integer on a step that a measured number is; the one before if it is about that."""
    if before is not None and abs(exact - before) < _BEYOND * bounds.step:
        return before
    steps = ((exact - bounds.low) / bounds.step).to_integral_value(ROUND_HALF_EVEN)
    return bounds.low + int(steps) * bounds.step

"""Between a capability's values and the words a device has for them. Both ways, one value at a time; no topics."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from runtime.commands.registry.devices import Range, Value
from runtime.commands.registry.names import displayable
from runtime.errors import DeviceError

Word = str | int | float
"""What a device calls a value: templates are given it as it is, and a topic as text."""
Now = Callable[[str], Value]
"""What a capability of the same device was last heard to be at."""

UNKNOWN: Final = "None"
"""What Home Assistant's devices say, and its templates write, where they do not know."""
FARTHEST: Final = 1e9
"""No sensor says more, and no device counts further."""
_COARSER: Final = 1.5
"""Times as coarse as we count: less is lost in rounding."""
LONGEST_TEXT: Final = 255
"""Characters of a text that a sensor says."""


class Silent(Exception):  # noqa: N818  not an error: the device says something, and nothing about this
    """A message tells nothing of a capability."""


class Codec(Protocol):
    """The words of one capability."""

    def write(self, value: Value) -> Word:
        """The device's word for a value inside the domain.

        Raises:
            DeviceError: it has none.
        """
        ...

    def read(self, word: str, now: Now) -> Value:
        """The value of what the device said; `now` has its other values.

        Raises:
            DeviceError: it means nothing.
            Silent: it means nothing that changes this capability.
        """
        ...


@dataclass(frozen=True, slots=True)
class Words:
    """A word a value."""

    pairs: tuple[tuple[Value, str], ...]
    """Sent and understood."""
    said: tuple[tuple[str, Value], ...] = ()
    """What else is understood: other words, and words for values that cannot be set. These come first."""

    @classmethod
    def same(cls, options: tuple[str, ...]) -> "Words":
        """The device's words are the values."""
        return cls(tuple((each, each) for each in options))

    def write(self, value: Value) -> Word:
        """See `Codec.write`."""
        for each, word in self.pairs:
            if each == value and type(each) is type(value):
                return word
        raise DeviceError(f"the device has no word for {value}; see how it is described")

    def read(self, word: str, now: Now) -> Value:  # noqa: ARG002  the border's
        """See `Codec.read`."""
        for each, value in (*self.said, *((each, value) for value, each in self.pairs)):
            if each == word:
                return value
        known = ", ".join(
            dict.fromkeys([*(each for each, _ in self.said), *(each for _, each in self.pairs)])
        )
        raise DeviceError(f"it says {word[:40]!r}, which is none of {known}")


@dataclass(frozen=True, slots=True)
class Number:
    """A number, as the device counts: `wire_low` and `wire_high` are its words for the range's ends."""

    domain: Range
    wire_low: float
    wire_high: float
    wire_step: float = 0.0
    """The finest difference in the device's count; 0 is any."""

    @classmethod
    def plain(cls, domain: Range) -> "Number":
        """The device counts as we do."""
        return cls(domain, domain.low, domain.high)

    @classmethod
    def counted(cls, domain: Range, low: float, high: float, step: float) -> "Number":
        """The device counts from `low` to `high` by `step`; where that is coarser, the domain is so, too."""
        coarsest = step * (domain.high - domain.low) / abs(high - low)
        if coarsest > _COARSER * domain.step:
            domain = replace(domain, step=coarsest)
        return cls(domain, low, high, step)

    def write(self, value: Value) -> Word:
        """See `Codec.write`."""
        number = number_of(value)
        if self._scaled:
            part = (number - self.domain.low) / (self.domain.high - self.domain.low)
            number = self.wire_low + part * (self.wire_high - self.wire_low)
        if self.wire_step > 0:
            steps = round((number - self.wire_low) / self.wire_step)
            if steps == 0 and value != self.domain.low:  # a little is not nothing
                steps = 1 if self.wire_high > self.wire_low else -1
            number = self.wire_low + steps * self.wire_step
        return tidy(number)

    def read(self, word: str, now: Now) -> Value:  # noqa: ARG002  the border's
        """See `Codec.read`."""
        number = number_in(word)
        if not self._scaled:
            return number
        part = (number - self.wire_low) / (self.wire_high - self.wire_low)
        return on_step(self.domain.low + part * (self.domain.high - self.domain.low), self.domain)

    @property
    def _scaled(self) -> bool:
        return (self.wire_low, self.wire_high) != (self.domain.low, self.domain.high)


@dataclass(frozen=True, slots=True)
class Steps:
    """A percentage as one of a fan's speeds, `first` to `last`; 0 % is the one below the first."""

    first: int
    last: int

    @property
    def domain(self) -> Range:
        """The percentages that are a speed."""
        return Range(0, 100, 100 / self._count, "%")

    def write(self, value: Value) -> Word:
        """See `Codec.write`."""
        return round(number_of(value) * self._count / 100) + self.first - 1

    def read(self, word: str, now: Now) -> Value:  # noqa: ARG002  the border's
        """See `Codec.read`."""
        return float(round((number_in(word) - self.first + 1) * 100 / self._count))

    @property
    def _count(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Mireds:
    """A colour temperature that the device counts in millionths of a reciprocal kelvin."""

    domain: Range

    def write(self, value: Value) -> Word:
        """See `Codec.write`."""
        return round(1e6 / number_of(value))

    def read(self, word: str, now: Now) -> Value:  # noqa: ARG002  the border's
        """See `Codec.read`."""
        if (number := number_in(word)) < 1:
            raise DeviceError(f"it says {word[:40]!r}, which is no colour temperature")
        return min(max(float(round(1e6 / number)), self.domain.low), self.domain.high)


@dataclass(frozen=True, slots=True)
class Said:
    """Any text, only ever read."""

    def write(self, value: Value) -> Word:
        """See `Codec.write`."""
        raise DeviceError(f"it is only read, and cannot be set to {value}")

    def read(self, word: str, now: Now) -> Value:  # noqa: ARG002  the border's
        """See `Codec.read`."""
        return "".join(each for each in word[:LONGEST_TEXT] if displayable(each))


def number_of(value: Value) -> float:
    """A value of a range.

    Raises:
        DeviceError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise DeviceError(f"{value} is no number; say one")
    return float(value)


def number_in(word: str) -> float:
    """The number that a device says.

    Raises:
        DeviceError: it says none.
    """
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not abs(number) <= FARTHEST:  # nor if it is not a number at all
        raise DeviceError(f"it says {word[:40]!r}, which is no number")
    return number


def tidy(number: float) -> int | float:
    """A number as devices like it: 21 rather than 21.0, and no tail of a division."""
    near = round(number, 6)
    return int(near) if near == int(near) else near


def on_step(number: float, domain: Range) -> float:
    """The nearest value that a device of this range knows."""
    if domain.step <= 0:
        return number
    steps = round((number - domain.low) / domain.step)
    if steps == 0 and number > domain.low == 0:  # a little is not nothing: 1 % is no way to say off
        steps = 1
    return float(tidy(min(max(domain.low + steps * domain.step, domain.low), domain.high)))

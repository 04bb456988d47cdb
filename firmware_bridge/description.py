"""What a board says it can do: a capability's map, read with care; values in people's units and the wire's.

docs/firmware-protocol.md, section 4. A description that cannot be is refused with a sentence.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import IntEnum, IntFlag
from typing import Any, Final

from firmware_bridge.errors import NonsenseError, ValueRefusedError
from firmware_bridge.messages import Wire

CAPABILITIES_MOST: Final = 32
Value = bool | int | float | str | None
"""As people have it: on or off, a number in its unit, one of the options, None for a press."""

_WORD: Final = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_INT32: Final = (-(1 << 31), (1 << 31) - 1)
_BEYOND: Final = 1e19
"""More than any number that 32 bits and a scale can stand for."""


class Type(IntEnum):
    """What kind of values a capability has."""

    SWITCH = 0
    NUMBER = 1
    OPTIONS = 2
    PRESS = 3
    EVENT = 4


class Flag(IntFlag):
    """What may be done with it."""

    READ = 1
    SET = 2
    DANGEROUS = 4


_KIND_OF: Final = {
    Type.SWITCH: ("binary_sensor", "switch"),
    Type.NUMBER: ("sensor", "number"),
    Type.OPTIONS: ("sensor", "select"),
    Type.PRESS: ("button", "button"),
    Type.EVENT: ("event", "event"),
}
"""What a capability is to people, if the board does not say: one that is only read, and one that can be set."""


@dataclass(frozen=True, slots=True)
class Range:
    """Of a number: integers that stand for `integer * 10**scale`; bounds included."""

    low: int
    high: int
    step: int = 1
    scale: int = 0

    def shown(self, integer: int) -> int | float:
        """The number that an integer stands for."""
        if self.scale >= 0:
            return integer * int(10**self.scale)
        return float(Decimal(integer).scaleb(self.scale))

    def integer(self, number: float) -> int:
        """The integer nearest to a number, on a step.

        Raises:
            ValueRefusedError: it is out of range.
        """
        low, high = self.shown(self.low), self.shown(self.high)
        if not -_BEYOND < number < _BEYOND:  # nor is what is no number at all
            raise ValueRefusedError(
                f"that is no number that could be set; choose one from {low:g} to {high:g}"
            )
        scaled = Decimal(str(number)).scaleb(-self.scale)
        if not self.low <= scaled <= self.high:
            raise ValueRefusedError(
                f"it takes {low:g} to {high:g}, not {number:g}; choose a number in between"
            )
        steps = int(((scaled - self.low) / self.step).to_integral_value())
        last = (self.high - self.low) // self.step
        return self.low + min(steps, last) * self.step


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing that a board can do or tell. All texts are data of a stranger: shown, never obeyed."""

    index: int
    name: str
    type: Type
    flags: Flag
    kind: str = ""
    unit: str = ""
    range: Range | None = None
    options: tuple[str, ...] = ()
    safe: Wire = None
    device_class: str = ""

    @property
    def readable(self) -> bool:
        """Whether it can be asked for its value."""
        return Flag.READ in self.flags

    @property
    def settable(self) -> bool:
        """Whether it can be set, or pressed."""
        return Flag.SET in self.flags

    @property
    def dangerous(self) -> bool:
        """Whether a person has to confirm."""
        return Flag.DANGEROUS in self.flags

    def accepts(self, wire: Wire) -> bool:
        """Whether a value as it travels is one of this capability."""
        if self.range:
            return _integer(wire) and self.range.low <= wire <= self.range.high  # type: ignore[operator]  # an int
        if self.options:
            return _integer(wire) and 0 <= wire < len(self.options)  # type: ignore[operator]  # an int
        return isinstance(wire, bool) if self.type is Type.SWITCH else wire is None

    def wire(self, value: Value) -> Wire:
        """A value as it is sent.

        Raises:
            ValueRefusedError: it is none of this capability.
        """
        match self.type, value:
            case Type.SWITCH, bool():
                return value
            case Type.NUMBER, int() | float() if self.range and not isinstance(value, bool):
                return self.range.integer(value)
            case Type.OPTIONS, str() if value in self.options:
                return self.options.index(value)
            case Type.PRESS, None:
                return None
        beyond = (
            isinstance(value, int) and not -_BEYOND < value < _BEYOND
        )  # Python does not write all of them
        raise ValueRefusedError(
            f"{self.name} takes {self.takes}, not {'such a number' if beyond else repr(value)}"
        )

    def value(self, wire: Wire) -> Value:
        """What a board said, as people have it.

        Raises:
            NonsenseError: it is no value of this capability.
        """
        if not self.accepts(wire):
            raise NonsenseError(f"the board says that {self.name} is {wire!r}, which it cannot be")
        if isinstance(wire, bool) or wire is None:
            return wire
        return self.range.shown(wire) if self.range else self.options[wire]

    @property
    def takes(self) -> str:
        """Which values there are, in words."""
        match self.type:
            case Type.SWITCH:
                return "on or off"
            case Type.NUMBER if self.range:
                low, high = self.range.shown(self.range.low), self.range.shown(self.range.high)
                return f"{low:g} to {high:g}{self.unit and ' '}{self.unit}"
            case Type.OPTIONS:
                return ", ".join(self.options)
        return "no value"


def read(index: int, said: Mapping[Any, Any], taken: Collection[str] = ()) -> Capability:
    """The capability that a map describes; `taken`: names of others on the board.

    Raises:
        NonsenseError: it describes nothing that can be.
    """
    kind_of = _get(said, 1, "type", lambda x: _integer(x) and x in set(Type))
    flags = _get(said, 2, "flags", lambda x: _integer(x) and 0 <= x <= sum(Flag))
    name = _get(said, 0, "name", _is_word)
    if name in taken:
        raise NonsenseError(f"capability {index} has the name of another one, {name}")
    try:
        found = Capability(
            index,
            name,
            type_ := Type(kind_of),
            allowed := _allowed(type_, Flag(flags)),
            _get(said, 3, "kind", _is_word, _KIND_OF[type_][Flag.SET in allowed]),
            _get(said, 4, "unit", _is_shown, "") if type_ is Type.NUMBER else "",
            _range(said) if type_ is Type.NUMBER else None,
            _options(said, type_),
            None,
            _get(said, 9, "device class", _is_word, ""),
        )
        return _with_safe(found, said)
    except NonsenseError as exc:
        raise NonsenseError(f"capability {index}, {name}: {exc}") from None


def write(capability: Capability) -> dict[Any, Any]:
    """The map that describes a capability: what `read` reads."""
    said: dict[Any, Any] = {0: capability.name, 1: int(capability.type), 2: int(capability.flags)}
    texts = ((3, capability.kind), (4, capability.unit), (9, capability.device_class))
    said |= {key: text for key, text in texts if text}
    if capability.range:
        said[5] = [capability.range.low, capability.range.high, capability.range.step]
        if capability.range.scale:
            said[6] = capability.range.scale
    if capability.options:
        said[7] = list(capability.options)
    if capability.safe is not None:
        said[8] = capability.safe
    return said


_ABSENT: Final = object()


def _get(
    said: Mapping[Any, Any], key: int, what: str, check: Callable[[Any], bool], absent: Any = _ABSENT
) -> Any:
    item = said.get(key, _ABSENT)
    if item is _ABSENT and absent is not _ABSENT:
        return absent
    if item is _ABSENT:
        raise NonsenseError(f"it has no {what}")
    if not check(item):
        raise NonsenseError(f"{item!r} is no {what}")
    return item


def _integer(item: object) -> bool:
    return type(item) is int


def _is_word(item: object) -> bool:
    return isinstance(item, str) and bool(_WORD.fullmatch(item))


def _is_shown(item: object) -> bool:
    """A text that people can be shown: no control characters, none that hide or turn others."""
    return isinstance(item, str) and item.isprintable() and bool(item.strip())


def _allowed(type_: Type, flags: Flag) -> Flag:
    both = flags & (Flag.READ | Flag.SET)
    fits = both == Flag.SET if type_ is Type.PRESS else not both if type_ is Type.EVENT else bool(both)
    if not fits or (Flag.DANGEROUS in flags and Flag.SET not in flags):
        raise NonsenseError(f"a {type_.name.lower()} cannot have flags {int(flags)}")
    return flags


def _range(said: Mapping[Any, Any]) -> Range:
    bounds = _get(said, 5, "range", lambda x: isinstance(x, list) and len(x) >= 3 and all(map(_integer, x)))  # noqa: PLR2004  low, high, step
    low, high, step = bounds[:3]
    scale = _get(said, 6, "scale", lambda x: _integer(x) and -9 <= x <= 9, 0)  # noqa: PLR2004  the protocol's bounds
    if not _INT32[0] <= low < high <= _INT32[1] or not 1 <= step <= high - low:
        raise NonsenseError(f"no number goes from {low} to {high} by {step}")
    return Range(low, high, step, scale)


def _options(said: Mapping[Any, Any], type_: Type) -> tuple[str, ...]:
    if type_ not in {Type.OPTIONS, Type.EVENT} or (type_ is Type.EVENT and 7 not in said):  # noqa: PLR2004  its key
        return ()
    fewest, most = (2 if type_ is Type.OPTIONS else 1), 16
    options = _get(said, 7, "list of options", lambda x: isinstance(x, list) and fewest <= len(x) <= most)
    if not all(map(_is_shown, options)) or len(set(options)) < len(options):
        raise NonsenseError("its options are not all different, or no texts that can be shown")
    return tuple(options)


def _with_safe(found: Capability, said: Mapping[Any, Any]) -> Capability:
    if 8 not in said:  # noqa: PLR2004  its key
        return found
    safe = said[8]
    if not found.settable or found.type is Type.PRESS or not found.accepts(safe):
        raise NonsenseError(f"{safe!r} is no safe value for it")
    return replace(found, safe=safe)

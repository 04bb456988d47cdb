"""What a capability is to a Firmata board: a pin in a mode, and what its raw values stand for."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import Final

from firmware_bridge.described.strict import Table
from firmware_bridge.description import Capability, Type
from firmware_bridge.errors import BoardsFileError
from firmware_bridge.messages import Wire

_PIN_MOST: Final = 127
_CHANNEL_MOST: Final = 15


class Mode(IntEnum):
    """Of a pin, by Firmata's numbers."""

    INPUT = 0
    OUTPUT = 1
    ANALOG = 2
    PWM = 3
    PULL_UP = 11


OUTPUTS: Final = frozenset({Mode.OUTPUT, Mode.PWM})


@dataclass(frozen=True, slots=True)
class Pin:
    """One pin. `number` is that of the analog channel if it is one (A0 is 0)."""

    number: int
    mode: Mode
    inverted: bool = False
    """On is low."""
    pulse_s: float = 0.2
    """How long a press lasts."""
    debounce_s: float = 0.02
    """A level that does not last so long did not happen."""
    ends: tuple[Decimal, Decimal] = (Decimal(0), Decimal(1))
    """What the lowest raw value stands for, and the highest."""

    @property
    def label(self) -> str:
        """What people call it."""
        return f"analog {self.number}" if self.mode is Mode.ANALOG else f"pin {self.number}"

    def raw(self, capability: Capability, wire: Wire, full: int) -> int:
        """What is sent to have a value; `full` is the highest raw value there is."""
        if capability.range is None:
            return int(bool(wire) != self.inverted)
        low, high = capability.range.low, capability.range.high
        part = Decimal((wire or 0) - low) / (high - low)
        return int((full * (1 - part if self.inverted else part)).to_integral_value())

    def exact(self, capability: Capability, raw: int, full: int) -> Decimal:
        """The number that a raw value stands for, in the integers of its range, not rounded. Only of numbers."""
        part = Decimal(min(raw, full)) / full
        part = 1 - part if self.inverted else part
        low, high = self.ends
        scale = capability.range.scale if capability.range else 0
        return (low + part * (high - low)).scaleb(-scale)

    def level(self, raw: int) -> bool:
        """Whether a digital value is on."""
        return bool(raw) != self.inverted


@dataclass(frozen=True, slots=True)
class Wired:
    """How a Firmata board is wired."""

    pins: Mapping[str, Pin]
    sampling_ms: int


def pin(table: Table, type_: Type) -> tuple[Pin, bool, bool]:
    """The pin that a capability's table names, and whether it can be read, and set.

    Raises:
        BoardsFileError: there can be no such one; says which key.
    """
    match type_:
        case Type.SWITCH:
            if table.flag("set", default=True):
                return Pin(_number(table), Mode.OUTPUT, _inverted(table)), True, True
            return _input(table), True, False
        case Type.NUMBER if "analog" in table:
            return _analog(table), True, False
        case Type.NUMBER:
            ends = _decimal(table, "min"), _decimal(table, "max")
            return Pin(_number(table), Mode.PWM, _inverted(table), ends=ends), True, True
        case Type.PRESS:
            pulse_s = table.within("pulse", 0.01, 5, 0.2)
            return (
                Pin(_number(table), Mode.OUTPUT, table.flag("inverted", default=False), pulse_s),
                False,
                True,
            )
        case Type.EVENT if "options" not in table:
            return _input(table), False, False
        case Type.EVENT:
            raise table.wrong("options", "cannot be told by one pin; write an event for each")
    raise table.wrong("type", "options means nothing to a pin; write switches or a number")


def check(board: str, pins: Mapping[str, Pin]) -> None:
    """No two capabilities are on one pin.

    Raises:
        BoardsFileError: two are.
    """
    taken: dict[str, str] = {}
    for name, each in pins.items():
        if taken.setdefault(each.label, name) != name:
            raise BoardsFileError(
                f"{board}: {taken[each.label]} and {name} are both on {each.label}; give each its own"
            )


def _number(table: Table) -> int:
    return table.integer("pin", 0, _PIN_MOST)


def _inverted(table: Table) -> bool:
    """Whether an output is on when it is low, as it is from the board's start."""
    inverted = table.flag("inverted", default=False)
    if inverted and "safe" not in table:
        raise table.wrong(
            "safe", "is missing; what is inverted is on when the board starts, so say what it goes to"
        )
    return inverted


def _input(table: Table) -> Pin:
    pulled = table.flag("pull_up", default=False)
    return Pin(
        _number(table),
        Mode.PULL_UP if pulled else Mode.INPUT,
        table.flag("inverted", default=pulled),
        debounce_s=table.within("debounce", 0, 5, 0.02),
    )


def _analog(table: Table) -> Pin:
    ends = (
        _decimal(table, key, table.number(other)) for key, other in (("at_zero", "min"), ("at_full", "max"))
    )
    low, high = ends
    if low == high:
        raise table.wrong("at_full", f"is {high}, and so is at_zero; let them differ")
    return Pin(table.integer("analog", 0, _CHANNEL_MOST), Mode.ANALOG, ends=(low, high))


def _decimal(table: Table, key: str, default: float | None = None) -> Decimal:
    return Decimal(str(table.number(key, default)))

"""Firmata's messages out of bytes and into them, either way. https://github.com/firmata/protocol, version 2.6.

A message is a byte above 127 and arguments below; there is no check on any of it, so what cannot be is dropped here,
and what can be is still doubted by whoever takes it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

SYSEX_MOST: Final = 4096
"""Bytes of a message of any length; of a longer one nothing is used."""
NONE: Final = 127
"""No analog channel; the end of a pin's modes."""
_DATA: Final = 0x7F
_CHANNELS: Final = 0xF0


class Command(IntEnum):
    """The first byte. Those below 0xF0 have a port or a channel in their lower four bits."""

    DIGITAL = 0x90
    REPORT_ANALOG = 0xC0
    REPORT_DIGITAL = 0xD0
    ANALOG = 0xE0
    SYSEX = 0xF0
    PIN_MODE = 0xF4
    PIN_VALUE = 0xF5
    SYSEX_END = 0xF7
    VERSION = 0xF9
    RESET = 0xFF


class Sysex(IntEnum):
    """The first byte within a message of any length."""

    MAPPING_QUERY = 0x69
    MAPPING = 0x6A
    CAPABILITY_QUERY = 0x6B
    CAPABILITY = 0x6C
    STATE_QUERY = 0x6D
    STATE = 0x6E
    EXTENDED_ANALOG = 0x6F
    STRING = 0x71
    FIRMWARE = 0x79
    SAMPLING = 0x7A


FROM_BOARD: Final = {Command.DIGITAL: 2, Command.ANALOG: 2, Command.VERSION: 2}
"""How many arguments each message has that a board sends."""
TO_BOARD: Final = {
    Command.DIGITAL: 2,
    Command.ANALOG: 2,
    Command.REPORT_ANALOG: 1,
    Command.REPORT_DIGITAL: 1,
    Command.PIN_MODE: 2,
    Command.PIN_VALUE: 2,
    Command.VERSION: 0,
    Command.RESET: 0,
}
"""And those that a host sends."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `channel` is the port or channel of those that have one; of SYSEX, `data` begins with what it is."""

    command: Command
    channel: int
    data: bytes


class Messages:
    """One direction of a line."""

    def __init__(self, lengths: Mapping[Command, int]) -> None:
        self._lengths = lengths
        self._command: Command | None = None
        self._channel = 0
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages that are whole now. What is cut short, too long or unknown is dropped."""
        for byte in data:
            found = self._begin(byte) if byte > _DATA else self._more(byte)
            if found:
                yield found

    def _begin(self, byte: int) -> Message | None:
        whole = None
        if byte == Command.SYSEX_END and self._command is Command.SYSEX and self._data:
            whole = Message(Command.SYSEX, 0, bytes(self._data))
        self._command, self._channel = None, 0
        self._data.clear()
        first = byte if byte >= _CHANNELS else byte & _CHANNELS
        if first in {*self._lengths, Command.SYSEX}:
            self._command = Command(first)
            self._channel = byte - first
            return whole or self._whole()
        return whole

    def _more(self, byte: int) -> Message | None:
        if self._command is None:
            return None
        self._data.append(byte)
        if len(self._data) > SYSEX_MOST:
            self._command = None
            self._data.clear()
        return self._whole()

    def _whole(self) -> Message | None:
        command = self._command
        if command is None or len(self._data) != self._lengths.get(command, -1):
            return None
        found = Message(command, self._channel, bytes(self._data))
        self._command = None
        self._data.clear()
        return found


def sysex(what: Sysex, data: bytes = b"") -> bytes:
    """A message of any length."""
    return bytes((Command.SYSEX, what, *data, Command.SYSEX_END))


def two_bytes(value: int) -> bytes:
    """14 bits, the lower seven first."""
    return bytes((value & _DATA, value >> 7 & _DATA))


def groups(value: int) -> bytes:
    """As many times seven bits as are needed, two at least, the lower first."""
    count = max(2, -(-value.bit_length() // 7))
    return bytes(value >> 7 * at & _DATA for at in range(count))


def number(data: bytes) -> int:
    """What groups of seven bits stand for, the lower first."""
    return sum(byte << 7 * at for at, byte in enumerate(data))


def text(data: bytes) -> str:
    """Characters of two bytes each."""
    pairs = zip(data[::2], data[1::2], strict=False)
    return bytes(low | (high << 7 & 0x80) for low, high in pairs).decode(errors="replace")


def text_bytes(said: str) -> bytes:
    """A text as characters of two bytes each."""
    return b"".join(two_bytes(byte) for byte in said.encode())


def pin_modes(data: bytes) -> tuple[dict[int, int], ...]:
    """Of each pin, the modes it can be in, with the bits of each.

    Raises:
        ValueError: it breaks off.
    """
    pins: list[dict[int, int]] = []
    modes: dict[int, int] = {}
    rest = iter(data)
    for mode in rest:
        if mode == NONE:
            pins.append(modes)
            modes = {}
            continue
        bits = next(rest, NONE)
        if bits == NONE:
            raise ValueError("a pin's modes break off")
        modes[mode] = bits
    if modes:
        raise ValueError("a pin's modes break off")
    return tuple(pins)


def pin_modes_bytes(pins: Sequence[Mapping[int, int]]) -> bytes:
    """The modes of each pin, as a board says them."""
    return b"".join(bytes((*(byte for pair in each.items() for byte in pair), NONE)) for each in pins)

"""Intel HEX, read strictly: where in memory a file puts its bytes. Bytes in, values out; no I/O.

Format: Intel, "Hexadecimal Object File Format Specification", revision A (1988).
"""

import re
from collections.abc import Iterator
from enum import IntEnum
from itertools import pairwise
from typing import Final

from firmware_bridge.flash.errors import ProgramError

_RECORD: Final = re.compile(rb":((?:[0-9A-Fa-f]{2}){5,260})")
_HEAD: Final = 4
"""Length, address and kind, before what a record holds; a checksum stands behind it."""
_REACH: Final = 1 << 16
"""Bytes that a record's own address reaches."""


class _Kind(IntEnum):
    DATA = 0
    END = 1
    SEGMENT = 2
    START_OF_SEGMENT = 3
    LINEAR = 4
    START = 5


_LENGTHS: Final = {
    _Kind.END: 0, _Kind.SEGMENT: 2, _Kind.START_OF_SEGMENT: 4, _Kind.LINEAR: 2, _Kind.START: 4,
}  # fmt: skip
_SHIFTS: Final = {_Kind.SEGMENT: 4, _Kind.LINEAR: 16}
"""Those that say what is added to the addresses of later records, and by how many bits it is above them."""


def pieces(raw: bytes) -> tuple[tuple[int, int], ...]:
    """Where the data of a file is: first addresses and those behind the last, in order, at least one.

    Raises:
        ProgramError: it is no Intel HEX, or not a whole file of it, or contradicts itself.
    """
    found = sorted(_pieces(raw))
    if not found:
        raise ProgramError("is Intel HEX without any data; take the .hex that the build made")
    if any(end > start for (_, end), (start, _) in pairwise(found)):
        raise ProgramError("says twice what is at one address; take the .hex that the build made")
    return tuple(found)


def _pieces(raw: bytes) -> Iterator[tuple[int, int]]:
    lines = raw.rstrip().splitlines() or [raw]
    base = 0
    for number, line in enumerate(lines, 1):
        kind, address, data = _record(number, line)
        if kind is _Kind.END and number < len(lines):
            raise ProgramError(
                f"goes on behind its end, in line {number + 1}; take the .hex that the build made"
            )
        if kind is not _Kind.END and number == len(lines):
            raise ProgramError("is cut off: it has no end record; copy it or build it again")
        if kind is _Kind.DATA and address + len(data) > _REACH:
            raise _broken(number, "goes beyond what a record reaches")
        if kind in _SHIFTS:
            base = int.from_bytes(data) << _SHIFTS[kind]
        if kind is _Kind.DATA and data:
            yield base + address, base + address + len(data)


def _record(number: int, line: bytes) -> tuple[_Kind, int, bytes]:
    """What a line is, its address and what it holds."""
    found = _RECORD.fullmatch(line.rstrip())
    if found is None:
        if number == 1:
            raise ProgramError("is no Intel HEX, and avrdude needs that; take the .hex that the build made")
        raise _broken(number, "is no record")
    raw = bytes.fromhex(found[1].decode())
    if sum(raw) & 0xFF:
        raise _broken(number, "has another checksum")
    data = raw[_HEAD:-1]
    if len(data) != raw[0]:
        raise _broken(number, "is of another length than it says")
    try:
        kind = _Kind(raw[3])
    except ValueError:
        raise _broken(number, f"is of kind {raw[3]}, which there is not") from None
    if len(data) != _LENGTHS.get(kind, len(data)):
        raise _broken(number, "is of another length than its kind")
    return kind, int.from_bytes(raw[1:3]), data


def _broken(number: int, what: str) -> ProgramError:
    return ProgramError(f"is broken: line {number} {what}; copy it or build it again")

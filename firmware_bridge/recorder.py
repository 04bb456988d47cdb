"""A line's bytes, written down as they pass, and played again. One JSON object a line: when, which way, what."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TextIO

from firmware_bridge.errors import ClosedError
from firmware_bridge.transport import Transport

Way = Literal["in", "out"]
_WAYS: Final = ("in", "out")


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that passed together; `in` came from the board. `at_s` counts from the beginning of the recording."""

    at_s: float
    way: Way
    data: bytes


class Recorder:
    """A transport that writes down what passes through another one."""

    def __init__(self, line: Transport, file: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._line, self._file, self._clock = line, file, clock
        self._began = clock()

    async def open(self) -> None:
        """Open the line."""
        await self._line.open()

    async def read(self) -> bytes:
        """What came, once it is written down."""
        data = await self._line.read()
        self._note("in", data)
        return data

    async def write(self, data: bytes) -> None:
        """Write bytes down, then to the line."""
        self._note("out", data)
        await self._line.write(data)

    async def close(self) -> None:
        """Close the line; the file stays open."""
        await self._line.close()
        self._file.flush()

    def _note(self, way: Way, data: bytes) -> None:
        at_s = round(self._clock() - self._began, 6)
        self._file.write(json.dumps({"at_s": at_s, "way": way, "bytes": data.hex()}) + "\n")


class Replay:
    """A transport on which a recording comes in again; what is written to it goes nowhere."""

    def __init__(self, pieces: Iterator[Piece], *, pace: float = 1.0) -> None:
        """`pace`: how many times as long as it took then; 0 for at once."""
        self._pieces = (piece for piece in pieces if piece.way == "in")
        self._pace = pace
        self._at_s = 0.0

    async def open(self) -> None:
        """Nothing is needed."""

    async def read(self) -> bytes:
        """The next piece, when its time has come."""
        piece = next(self._pieces, None)
        if piece is None:
            raise ClosedError("the recording is at its end")
        await asyncio.sleep((piece.at_s - self._at_s) * self._pace)
        self._at_s = piece.at_s
        return piece.data

    async def write(self, data: bytes) -> None:
        """Goes nowhere."""

    async def close(self) -> None:
        """Nothing is held."""


def recorded(file: TextIO) -> Iterator[Piece]:
    """The pieces of a recording.

    Raises:
        ValueError: a line is none of a recording; it says which.
    """
    for number, line in enumerate(file, 1):
        try:
            said = json.loads(line)
            piece = Piece(float(said["at_s"]), said["way"], bytes.fromhex(said["bytes"]))
        except (ValueError, KeyError, TypeError) as exc:
            raise ValueError(f"line {number} is none of a recording; record the line again") from exc
        if piece.way not in _WAYS:
            raise ValueError(f"line {number} goes neither in nor out; record the line again")
        yield piece

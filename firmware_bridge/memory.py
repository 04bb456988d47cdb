"""A line within one process: two ends, each a transport. What one writes the other reads."""

import asyncio
from typing import Self

from firmware_bridge.errors import ClosedError


class MemoryTransport:
    """One end. Unplug it by closing it: the other end notices when it next reads or writes."""

    def __init__(self) -> None:
        self._came = asyncio.Queue[bytes]()
        self._other: Self | None = None
        self._open = False

    @classmethod
    def pair(cls) -> tuple[Self, Self]:
        """Two ends of one line."""
        one, other = cls(), cls()
        one._other, other._other = other, one
        return one, other

    async def open(self) -> None:
        """Be there. What was written to this end before is lost, as on a wire."""
        while not self._came.empty():
            self._came.get_nowait()
        self._open = True

    async def read(self) -> bytes:
        """What came, at least one byte."""
        data = await self._came.get()
        if not data or not self._open:
            raise ClosedError("the other end of the line was closed; open it again")
        return data

    async def write(self, data: bytes) -> None:
        """Give bytes to the other end, if anybody is there."""
        if not self._open:
            raise ClosedError("the line is closed; open it again")
        if data and self._other and self._other._open:  # noqa: SLF001  of this class
            self._other._came.put_nowait(data)  # noqa: SLF001  of this class

    async def close(self) -> None:
        """Be gone; the other end is told."""
        if self._open and self._other:
            self._other._came.put_nowait(b"")  # noqa: SLF001  of this class
        self._open = False

"""Boards on lines that can be cut, spoilt and plugged in again, for clients. All in memory and simulated time."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from firmware_bridge.errors import ClosedError, NoSuchPortError
from firmware_bridge.memory import MemoryTransport
from firmware_bridge.simulator import SimulatedBoard
from firmware_bridge.tcp import TcpTransport
from firmware_bridge.transport import Transport
from tests.support.noise import Spoil, clean


class Bench:
    """One simulated board, and the host's end of the line to it, which is a transport."""

    def __init__(self, board: SimulatedBoard | None = None, baud: int = 115200) -> None:
        self.board = board or SimulatedBoard(dead_ms=900)
        self.to_board: Spoil = clean
        self.to_host: Spoil = clean
        self.plugged = True
        self.written = 0
        self._byte_s = 10 / baud
        self._end: MemoryTransport | None = None
        self._living: asyncio.Task[None] | None = None

    async def open(self) -> None:
        if not self.plugged:
            raise NoSuchPortError("there is no port; plug the board in")
        self._end, far = MemoryTransport.pair()
        await self._end.open()
        self._living = asyncio.create_task(self.board.run(far))
        await asyncio.sleep(0)

    async def read(self) -> bytes:
        end = self._opened()
        spoilt = b""
        while not spoilt:
            data = await end.read()
            await asyncio.sleep(len(data) * self._byte_s)
            spoilt = self.to_host(data)
        return spoilt

    async def write(self, data: bytes) -> None:
        self.written += len(data)
        await asyncio.sleep(len(data) * self._byte_s)
        if spoilt := self.to_board(data):
            await self._opened().write(spoilt)

    async def close(self) -> None:
        end, self._end = self._end, None
        if end:
            await end.close()
        if self._living:
            self._living.cancel()
            await asyncio.wait([self._living])

    async def unplug(self) -> None:
        """Pull it out: the board loses its power."""
        await self.cut()
        self.board.reset()

    async def cut(self) -> None:
        """Take the line away; the board notices nothing else."""
        self.plugged = False
        if self._end:
            await self._end.close()
            self._end._came.put_nowait(b"")  # whoever reads is told

    def plug(self) -> None:
        self.plugged = True

    def _opened(self) -> MemoryTransport:
        if self._end is None:
            raise ClosedError("the line is closed")
        return self._end


@asynccontextmanager
async def behind_a_socket(run: Callable[[Transport], Awaitable[None]]) -> AsyncGenerator[int]:
    """A board for whoever connects; its port."""

    async def plugged(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await run(TcpTransport.accepted(reader, writer))

    async with await asyncio.start_server(plugged, "127.0.0.1", 0) as listener:
        yield listener.sockets[0].getsockname()[1]

"""A network between a client and a broker that can be cut, slow, deaf, or spoil what it carries."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from runtime.config import Broker


class FaultProxy:
    """Carries TCP from a port of its own to a broker. Make one with `proxying`."""

    def __init__(self, to: Broker, seed: int) -> None:
        self._to = to
        self._random = random.Random(seed)
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.delay_s = 0.0
        """Before each piece is passed on."""
        self.spoiled = 0.0
        """The share of pieces from the broker with one byte whose highest bit is turned."""
        self.deaf = False
        """Both sides are connected, and nothing gets through: a cable that was pulled out."""
        self.refusing = False
        """Who connects is hung up on at once."""
        self.pieces = 0

    @property
    def address(self) -> Broker:
        assert self._server is not None
        return Broker("127.0.0.1", self._server.sockets[0].getsockname()[1])

    def cut(self) -> None:
        """All connections end, without a goodbye."""
        for writer in self._open:
            writer.transport.abort()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        try:
            there = await asyncio.open_connection(self._to.host, self._to.port)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, there[1]}
        with contextlib.suppress(OSError):
            await asyncio.gather(self._carry(reader, there[1], 0.0), self._carry(there[0], writer, 1.0))
        for each in (writer, there[1]):
            each.transport.abort()
            self._open.discard(each)

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, spoiling: float
    ) -> None:
        while piece := await reader.read(4096):
            self.pieces += 1
            await asyncio.sleep(self.delay_s)
            if self.deaf:
                continue
            if self._random.random() < spoiling * self.spoiled:
                spoiled = bytearray(piece)
                spoiled[self._random.randrange(len(spoiled))] ^= 0x80
                piece = bytes(spoiled)
            writer.write(piece)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def proxying(to: Broker, seed: int = 0) -> AsyncIterator[FaultProxy]:
    """A proxy for the block."""
    proxy = FaultProxy(to, seed)
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.close()

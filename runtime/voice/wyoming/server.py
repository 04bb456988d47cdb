"""Listens for those who speak Wyoming. There are no keys in it: whoever reaches the address may use what is served.

Knows how many connections there may be, and which of them gives way; not what is said on them.
"""

import asyncio
import contextlib
import errno
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeVar

from wyoming.error import Error

from runtime.errors import IngleError
from runtime.voice.wyoming.border import Appliance, Aside, Send, Talk
from runtime.voice.wyoming.connection import Connection, ConnectionLimits
from runtime.voice.wyoming.conversation import Conversation, Shared
from runtime.voice.wyoming.frames import Frame, encode
from runtime.voice.wyoming.lately import Lately
from runtime.voice.wyoming.room import Room

_log = logging.getLogger(__name__)

T = TypeVar("T")

_THREADS: Final = 2
"""For what is looked for in sound while it comes: a millisecond a frame. Models have threads of their own."""
_RECORDINGS: Final = 2
"""Of the longest, that may be taken at once."""


class WyomingListenError(IngleError):
    """The listener cannot be bound."""


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Every bound of a server."""

    connections: int = 64
    recording_s: float = 600.0
    connection: ConnectionLimits = field(default_factory=ConnectionLimits)


class WyomingServer:
    """A running server. Have one with `listening`."""

    def __init__(self, make: Callable[[Send], Talk], limits: ServerLimits) -> None:
        """`make` begins the conversation of another connection."""
        self._make = make
        self._limits = limits
        self._connections: dict[Connection, None] = {}
        """Those that have a place, the oldest first."""
        self._visits: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen, and return the port.

        Raises:
            WyomingListenError: the port is taken or may not be used, or the address is not ours.
        """
        try:
            self._server = await asyncio.start_server(self._opened, host, port)
        except OSError as exc:
            raise WyomingListenError(_sentence(exc, host, port)) from exc
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Take no more, and end those that are open."""
        if self._server is not None:
            self._server.close()
        for visit in self._visits:
            visit.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)

    def _opened(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = self._admitted(reader, writer)
        work = _refuse(writer, self._limits) if connection is None else self._visit(connection)
        visit = asyncio.create_task(work, name="wyoming.visit")
        self._visits.add(visit)
        visit.add_done_callback(self._visits.discard)

    def _admitted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Connection | None:
        """A place for another: if need be, that of the oldest on which nobody waits; None where all are busy."""
        if len(self._connections) >= self._limits.connections:
            idle = next((each for each in self._connections if each.idle), None)
            if idle is None:
                return None
            del self._connections[idle]
            idle.leave()
        connection = Connection(reader, writer, self._make, self._limits.connection)
        self._connections[connection] = None
        return connection

    async def _visit(self, connection: Connection) -> None:
        try:
            await connection.run()
        finally:
            self._connections.pop(connection, None)


@asynccontextmanager
async def listening(
    make: Callable[[Send], Talk], host: str, port: int, limits: ServerLimits | None = None
) -> AsyncIterator[int]:
    """Take connections within the block, which gets the port; `make` begins what is said on one.

    Raises:
        WyomingListenError: the port is taken or may not be used, or the address is not ours.
    """
    server = WyomingServer(make, limits or ServerLimits())
    bound = await server.start(host, port)
    try:
        yield bound
    finally:
        await server.close()


@asynccontextmanager
async def serving(
    appliance: Appliance, host: str, port: int, limits: ServerLimits | None = None
) -> AsyncIterator[int]:
    """Serve what the appliance can within the block; see `listening`."""
    limits = limits or ServerLimits()
    with beside() as aside:
        room = Room(limits.recording_s, _RECORDINGS * limits.recording_s)
        shared = Shared(appliance, aside, room, Lately())
        async with listening(partial(Conversation, shared), host, port, limits) as bound:
            yield bound


@contextmanager
def beside() -> Iterator[Aside]:
    """Threads to compute on, within the block."""
    with ThreadPoolExecutor(_THREADS, "wyoming") as threads:
        yield _Beside(threads)


@dataclass(frozen=True, slots=True)
class _Beside:
    """Implements `Aside`."""

    threads: ThreadPoolExecutor

    def __call__(self, work: Callable[[], T], /) -> asyncio.Future[T]:
        """See `Aside`."""
        return asyncio.get_running_loop().run_in_executor(self.threads, work)


async def _refuse(writer: asyncio.StreamWriter, limits: ServerLimits) -> None:
    why = f"{limits.connections} connections are busy already; close some, or come back in a few seconds"
    sent = Error(why, "busy").event()
    with contextlib.suppress(OSError, TimeoutError):
        writer.write(encode(Frame(sent.type, sent.data)))
        writer.close()
        async with asyncio.timeout(limits.connection.linger_s):
            await writer.wait_closed()
    writer.transport.abort()


def _sentence(exc: OSError, host: str, port: int) -> str:
    match exc.errno:
        case errno.EADDRINUSE:
            return f"port {port} on {host} is in use; stop the other program, or set voice.wyoming_port"
        case errno.EACCES:
            return f"port {port} needs privileges; set voice.wyoming_port to one above 1023"
        case _:
            return f"cannot listen on {host} ({exc.strerror or exc}); correct voice.wyoming_host"

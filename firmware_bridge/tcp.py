"""A board behind a TCP socket: an emulator, a serial server, a board with a network of its own."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, Self
from urllib.parse import urlsplit

from firmware_bridge.errors import ClosedError, NotConnectedError

_CHUNK: Final = 65536
_CONNECT_S: Final = 5.0


class TcpTransport:
    """The client's end, or one that a listener has accepted."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    @classmethod
    def to(cls, address: str) -> Self:
        """What `socket://host:port` names.

        Raises:
            ValueError: it is no such address.
        """
        with suppress(ValueError):  # a port that is no number, or a name that no host can have: said below
            parts = urlsplit(address)
            host, port = (parts.hostname or "").encode("idna").decode("ascii"), parts.port
            if parts.scheme == "socket" and host and port and not parts.path.strip("/"):
                return cls(host, port)
        raise ValueError(f"{address!r} is no address; write it as socket://HOST:PORT")

    @classmethod
    def accepted(cls, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Self:
        """One that is connected already, and cannot be opened again."""
        found = cls(*writer.get_extra_info("peername")[:2])
        found._streams = reader, writer
        return found

    async def open(self) -> None:
        """Connect."""
        if self._streams:
            return
        try:
            async with asyncio.timeout(_CONNECT_S):
                self._streams = await asyncio.open_connection(self._host, self._port)
        except (OSError, TimeoutError, UnicodeError) as exc:  # the last: a name that no host can have
            where = f"{self._host}:{self._port}"
            raise NotConnectedError(
                f"{where} does not answer ({exc}); is the board's end listening there?"
            ) from exc

    async def read(self) -> bytes:
        """What came, at least one byte."""
        reader, _ = self._opened()
        with _as_closed():
            data = await reader.read(_CHUNK)
        if not data:
            raise ClosedError("the other side has hung up")
        return data

    async def write(self, data: bytes) -> None:
        """Give bytes to the socket."""
        _, writer = self._opened()
        with _as_closed():
            writer.write(data)
            await writer.drain()

    async def close(self) -> None:
        """Hang up."""
        if self._streams:
            _, writer = self._streams
            self._streams = None
            writer.close()

    def _opened(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            raise ClosedError("the connection is closed; open it again")
        return self._streams


@contextmanager
def _as_closed() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise ClosedError(f"the connection broke: {exc}") from exc

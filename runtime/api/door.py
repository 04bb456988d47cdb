"""Where connections come in: counted, bounded, and made secret if the owner wants it, before HTTP hears of them.

Stands between asyncio's server and aiohttp's protocol, and hands through what arrives. Does not know what is asked.
"""

import asyncio
import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, cast

from aiohttp import web

from runtime.api.crowd import Crowd
from runtime.api.exposition import Metric

Speaker = Callable[[web.Server], web.RequestHandler]
Secrecy = Callable[[], ssl.SSLContext]
"""The context for the next connection."""

_HANDSHAKE_S: Final = 10.0
_BODY: Final = json.dumps(
    {
        "error": {
            "message": "too many connections are open; close some, or ask again in a few seconds",
            "type": "unavailable_error",
            "param": None,
            "code": "too_many_connections",
        }
    }
).encode()
_FULL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 5\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
)


class Door:
    """All connections of a server. On the event loop alone."""

    def __init__(self, most: int, each: int, http: Speaker = web.Server.__call__) -> None:
        """See `Crowd`; `http` makes the protocol that speaks on a connection."""
        self.http = http
        self.crowd = Crowd(most, each)
        self._connections: dict[object, _Connection] = {}

    @contextmanager
    def answering(self, request: web.BaseRequest) -> Iterator[None]:
        """Within: the request's connection has something to do, as soon as its body is there."""
        connection = self._connections.get(request.protocol)
        if connection is None:  # another listener's, or already gone
            yield
            return
        connection.request = request
        try:
            yield
        finally:
            connection.request = None

    def connection(self, server: web.Server, secrecy: Secrecy | None) -> asyncio.Protocol:
        """The protocol of a connection that was just accepted."""
        return _Connection(self, server, secrecy)

    def opened(self, connection: "_Connection", http: object) -> None:
        """HTTP is spoken on it from now on."""
        self._connections[http] = connection

    def closed(self, connection: "_Connection", http: object) -> None:
        """It is over, if it ever began."""
        self.crowd.gone(connection)
        self._connections.pop(http, None)

    def metrics(self) -> Iterator[Metric]:
        """How many there are, and what became of others."""
        yield Metric("ingle_http_connections", "gauge", "Open connections.", (((), len(self.crowd)),))
        yield Metric(
            "ingle_http_connections_refused_total",
            "counter",
            "Connections without a place: refused, or idle and closed for another.",
            (
                ((("how", "refused"),), self.crowd.refused),
                ((("how", "displaced"),), self.crowd.displaced),
            ),
        )


class DoorSite(web.BaseSite):
    """A listening address whose connections come in through the door."""

    def __init__(
        self, runner: web.AppRunner, door: Door, host: str, port: int, *, secrecy: Secrecy | None = None
    ) -> None:
        super().__init__(runner)
        self._door = door
        self._host = host
        self._port = port
        self._secrecy = secrecy

    @property
    def name(self) -> str:
        """See `web.BaseSite.name`."""
        return f"{'http' if self._secrecy is None else 'https'}://{self._host}:{self._port}"

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the address cannot be had.
        """
        await super().start()
        accept = partial(self._door.connection, cast("web.Server", self._runner.server), self._secrecy)
        self._server = await asyncio.get_running_loop().create_server(
            accept, self._host, self._port, backlog=self._backlog
        )


class _Connection(asyncio.Protocol):
    """A `Visitor` of the crowd, and what stands between the transport and aiohttp's protocol."""

    def __init__(self, door: Door, server: web.Server, secrecy: Secrecy | None) -> None:
        self._door = door
        self._server = server
        self._secrecy = secrecy
        self._http: web.RequestHandler | None = None
        self._transport: asyncio.Transport | None = None
        self._handshake: asyncio.Task[None] | None = None
        self._early = b""
        """What came with the end of a handshake, before we were told of it: at most what TLS hands over at once."""
        self.address = ""
        self.request: web.BaseRequest | None = None
        """What is being answered on it."""

    @property
    def idle(self) -> bool:
        return self.request is None or not self.request.content.is_eof()

    def leave(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        peer: Any = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) else ""
        if not self._door.crowd.admit(self):
            if self._secrecy is None:
                self._transport.write(_FULL)
                self._transport.close()
            else:
                self._transport.abort()
        elif self._secrecy is None:
            self._begin(self._transport)
        else:
            self._transport.pause_reading()  # what comes now is for the handshake
            self._handshake = asyncio.create_task(self._secure(self._secrecy()), name="http.handshake")

    def data_received(self, data: bytes) -> None:
        if self._http is not None:
            self._http.data_received(data)
        else:
            self._early += data

    def eof_received(self) -> None:
        if self._http is not None:
            self._http.eof_received()

    def pause_writing(self) -> None:
        if self._http is not None:
            self._http.pause_writing()

    def resume_writing(self) -> None:
        if self._http is not None:
            self._http.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        http, self._http, self._transport = self._http, None, None
        self._door.closed(self, http)
        if http is not None:
            http.connection_lost(exc)

    def _begin(self, transport: asyncio.Transport) -> None:
        self._http = self._door.http(self._server)
        self._door.opened(self, self._http)
        self._http.connection_made(transport)
        if self._early:
            early, self._early = self._early, b""
            self._http.data_received(early)

    async def _secure(self, context: ssl.SSLContext) -> None:
        raw = self._transport
        if raw is None:
            return
        loop = asyncio.get_running_loop()
        try:
            secured = await loop.start_tls(
                raw, self, context, server_side=True, ssl_handshake_timeout=_HANDSHAKE_S
            )
        except OSError:  # what is no TLS, or gives up, or takes too long: nobody's bug, and nobody to tell
            raw.abort()
            self.connection_lost(None)
            return
        if secured is None or secured.is_closing():
            self.connection_lost(None)
        else:
            self._transport = secured
            self._begin(secured)

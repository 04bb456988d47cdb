"""A broker of our own on loopback, for a house that has none: amqtt, in the same event loop.

It speaks MQTT 3.1.1 and keeps nothing over a restart. The listening socket is ours, so that a port that is
taken is a sentence and port 0 can be asked what it became; amqtt gets the connections.
"""

import asyncio
import contextlib
import errno
from typing import Self

from amqtt.broker import Broker as AmqttBroker
from amqtt.contexts import BrokerConfig, ListenerConfig, ListenerType
from amqtt.errors import AMQTTError

from runtime.config.settings import Broker
from runtime.errors import IngleError

_HOST = "127.0.0.1"
_LISTENER = "default"
_ANONYMOUS = "amqtt.plugins.authentication.AnonymousAuthPlugin"


class EmbeddedBrokerError(IngleError):
    """The broker of our own cannot listen."""


class EmbeddedBroker:
    """A running broker. Make one with `start`."""

    def __init__(self, broker: AmqttBroker, server: asyncio.Server, visits: set[asyncio.Task[None]]) -> None:
        self._broker = broker
        self._server = server
        self._visits = visits

    @classmethod
    async def start(cls, port: int) -> Self:
        """Listen on 127.0.0.1:`port`; 0 takes a free one.

        Raises:
            EmbeddedBrokerError: the port is taken, or may not be used.
        """
        listener = ListenerConfig(type=ListenerType.EXTERNAL, bind=_HOST)
        broker = AmqttBroker(
            BrokerConfig(listeners={_LISTENER: listener}, plugins={_ANONYMOUS: {"allow_anonymous": True}})
        )

        visits: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            visit = asyncio.create_task(_visit(broker, reader, writer), name="mqtt.embedded.visit")
            visits.add(visit)
            visit.add_done_callback(visits.discard)

        try:
            server = await asyncio.start_server(connected, _HOST, port, start_serving=False)
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                raise EmbeddedBrokerError(
                    f"port {port} is taken; if a broker listens there, name it in mqtt.broker "
                    f"(mqtt://{_HOST}:{port}), else choose another mqtt.embedded_port"
                ) from exc
            raise EmbeddedBrokerError(
                f"cannot listen on port {port} ({exc.strerror}); choose another mqtt.embedded_port"
            ) from exc
        await broker.start()
        await server.start_serving()
        return cls(broker, server, visits)

    @property
    def address(self) -> Broker:
        """Where it listens."""
        return Broker(_HOST, self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and drop every client."""
        self._server.close()
        await self._broker.shutdown()
        for visit in self._visits:
            visit.cancel()
        await asyncio.gather(*self._visits, return_exceptions=True)
        await self._server.wait_closed()


async def _visit(broker: AmqttBroker, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(AMQTTError, OSError):  # amqtt has logged what the peer did
        await broker.stream_connected(reader, writer, _LISTENER)
    writer.close()

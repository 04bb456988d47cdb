"""The only door to paho-mqtt: its network thread on one side, our event loop on the other.

paho reads, writes and reconnects on its own thread (`loop_start`); each callback hands one value over to
the event loop. Messages are acknowledged by hand, so a message is the broker's until it has been answered.
A packet id counts on one connection only, hence the epoch: it moves on with every loss and every return of
the connection.
"""

import asyncio
import contextlib
import logging
import random
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from runtime.errors import BusyError, ConfigError
from runtime.limits import Limits
from runtime.mqtt.link import Delivery, Down, Endpoint, LinkEvent, Patience, Publication, Sink, Up

_log = logging.getLogger(__name__)

_PATIENCE: Final = Patience()
_KEEPALIVE_S: Final = 30
_SESSION_S: Final = 24 * 3600
"""How long a broker keeps our questions while we are away."""
_HAND_OVER: Final = 64
"""Messages on their way from paho's thread to the event loop."""
_HAND_OVER_S: Final = 10.0
_SLACK: Final = 4
"""A message up to this many times the limit is taken, so that its sender learns of the limit."""


class PahoLink:
    """Implements `runtime.mqtt.link.Link`."""

    def __init__(
        self, endpoint: Endpoint, client_id: str, limits: Limits, patience: Patience = _PATIENCE
    ) -> None:
        """Take note of where to connect.

        Raises:
            ConfigError: the certificates to trust cannot be read.
        """
        self._endpoint = endpoint
        self._tls = _trust(endpoint.ca_file) if endpoint.broker.tls else None
        self._client_id = client_id
        self._limits = limits
        self._patience = patience
        self._lock = threading.Lock()
        self._epoch = 0
        self._hand_over = threading.BoundedSemaphore(_HAND_OVER)
        self._unconfirmed: dict[int, asyncio.Future[None]] = {}
        self._client: mqtt.Client | None = None
        self._greeted = False
        """Whether the broker has answered our CONNECT on this connection."""
        self._closed = False

    async def open(self, subscription: str, will: Publication, sink: Sink) -> None:
        """See `runtime.mqtt.link.Link.open`."""
        self._loop = asyncio.get_running_loop()
        self._subscription, self._will, self._sink = subscription, will, sink
        self._start(version5=self._endpoint.version5)

    async def publish(self, publication: Publication) -> None:
        """See `runtime.mqtt.link.Link.publish`.

        Raises:
            BusyError: too many publications wait for the broker.
        """
        if self._client is None:
            raise RuntimeError("the link is not open")
        info = self._client.publish(publication.topic, publication.payload, 1, publication.retain)
        if info.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
            raise BusyError("too many answers wait for the MQTT broker; see whether it is reachable")
        confirmed = self._loop.create_future()
        self._unconfirmed[info.mid] = confirmed
        try:
            await confirmed
        finally:
            self._unconfirmed.pop(info.mid, None)

    def acknowledge(self, delivery: Delivery) -> None:
        """See `runtime.mqtt.link.Link.acknowledge`."""
        with self._lock:
            if self._client is not None and delivery.epoch == self._epoch:
                self._client.ack(delivery.packet, delivery.qos)

    async def close(self) -> None:
        """See `runtime.mqtt.link.Link.close`."""
        self._closed = True
        await self._leave()

    async def _leave(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(_stop, client)

    def _start(self, *, version5: bool) -> None:
        """Make a client and let its thread connect."""
        endpoint = self._endpoint
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            self._client_id,
            clean_session=None if version5 else False,
            protocol=mqtt.MQTTv5 if version5 else mqtt.MQTTv311,
            manual_ack=True,
        )
        client.max_queued_messages_set(4 * self._limits.queue_depth)
        first, longest = self._patience.first_retry, self._patience.longest_retry
        client.reconnect_delay_set(random.randint(*first), random.randint(*longest))  # noqa: S311  no secret
        if endpoint.username is not None:
            client.username_pw_set(endpoint.username, endpoint.password)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        client.will_set(self._will.topic, self._will.payload, 1, self._will.retain)
        client.on_socket_open = self._on_socket_open
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        options: dict[str, Any] = {"clean_start": False, "properties": self._session()} if version5 else {}
        client.connect_async(endpoint.broker.host, endpoint.broker.port, _KEEPALIVE_S, **options)
        self._client = client
        client.loop_start()

    def _session(self) -> Any:
        """What we ask of an MQTT 5 broker: keep the session, and do not send more than we can hold."""
        session: Any = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's gap
        session.SessionExpiryInterval = _SESSION_S
        session.ReceiveMaximum = min(self._limits.queue_depth, 65535)
        session.MaximumPacketSize = min(_SLACK * self._limits.request_bytes, (1 << 28) - 1)
        return session

    def _expect_greeting(self, client: mqtt.Client) -> None:
        self._loop.call_later(self._patience.greeting, self._unless_greeted, client)

    def _unless_greeted(self, client: mqtt.Client) -> None:
        """Begin again with MQTT 3.1.1, unless that has happened or the broker has answered."""
        if client is self._client and not self._greeted:
            self._falling_back = self._loop.create_task(self._fall_back(), name="mqtt.fall_back")

    async def _fall_back(self) -> None:
        _log.info("%s does not speak MQTT 5; using 3.1.1", self._endpoint.broker)
        await self._leave()
        if not self._closed:
            self._start(version5=False)

    # Below, everything runs on paho's thread.

    def _post(self, call: Callable[..., None], *args: object) -> None:
        with contextlib.suppress(RuntimeError):  # the event loop is gone, and with it everyone who would care
            self._loop.call_soon_threadsafe(call, *args)

    def _tell(self, event: LinkEvent) -> None:
        self._post(self._sink, event)

    def _new_epoch(self) -> None:
        with self._lock:
            self._epoch += 1

    def _on_socket_open(self, client: mqtt.Client, _data: object, _socket: object) -> None:
        self._greeted = False
        if client.protocol == mqtt.MQTTv5:
            self._post(self._expect_greeting, client)

    def _on_connect(
        self,
        client: mqtt.Client,
        _data: object,
        _flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        self._new_epoch()
        if reason.getName() == "Unsupported protocol version" and client.protocol == mqtt.MQTTv5:
            self._post(self._unless_greeted, client)
            return
        self._greeted = True
        if reason.is_failure:
            self._tell(
                Down(
                    f"{self._endpoint.broker} refuses us ({reason}), see mqtt.username and mqtt.password_file"
                )
            )
        elif client.protocol == mqtt.MQTTv5:
            fresh = SubscribeOptions(qos=1, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
            client.subscribe(self._subscription, options=fresh)
        else:
            client.subscribe(self._subscription, 1)

    def _on_connect_fail(self, _client: mqtt.Client, _data: object) -> None:
        self._tell(Down(f"{self._endpoint.broker} cannot be reached"))

    def _on_subscribe(
        self, _client: mqtt.Client, _data: object, _mid: int, reasons: list[ReasonCode], _properties: object
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._tell(Down(f"the broker does not let us subscribe to {self._subscription}"))
        else:
            self._tell(Up())

    def _on_disconnect(
        self,
        client: mqtt.Client,
        _data: object,
        _flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        self._new_epoch()
        if client.protocol == mqtt.MQTTv5 and not self._greeted:
            self._post(self._unless_greeted, client)
        if reason.is_failure:
            self._tell(Down(f"the connection ended ({reason})"))

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        delivery = Delivery(
            self._epoch, message.mid, message.qos, message.topic, bytes(message.payload), message.retain
        )
        # Waiting here stops reading from the socket, so a flood is held back by TCP and not in our memory.
        if self._hand_over.acquire(timeout=_HAND_OVER_S):
            self._post(self._take, delivery)
        else:
            _log.error(
                "a message was left with the broker: the event loop took none for %.0f s", _HAND_OVER_S
            )

    def _take(self, delivery: Delivery) -> None:
        """On the event loop again."""
        self._hand_over.release()
        self._sink(delivery)

    def _on_publish(
        self, _client: mqtt.Client, _data: object, mid: int, reason: ReasonCode, _properties: object
    ) -> None:
        if reason.is_failure:
            _log.error("the broker does not let us publish (%s); see its access rules", reason)
        self._post(self._confirm, mid)

    def _confirm(self, mid: int) -> None:
        """On the event loop again."""
        confirmed = self._unconfirmed.pop(mid, None)
        if confirmed is not None and not confirmed.done():
            confirmed.set_result(None)


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as exc:  # a broken certificate is one, too
        raise ConfigError(f"mqtt.ca_file {ca_file} holds no certificates ({exc}); name another file") from exc


def _stop(client: mqtt.Client) -> None:
    """Blocks until paho's thread has ended: at most about the connection timeout."""
    client.disconnect()
    client.loop_stop()

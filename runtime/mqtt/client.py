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
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from runtime.errors import BusyError
from runtime.limits import Limits
from runtime.mqtt import packets, tls
from runtime.mqtt.link import (
    AwayError,
    BarredError,
    Delivery,
    Down,
    Endpoint,
    LinkEvent,
    LostError,
    Patience,
    Publication,
    Session,
    Sink,
    Subscription,
    Up,
)
from runtime.mqtt.promptly import acknowledge_at_once, send_at_once
from runtime.mqtt.retries import Retries
from runtime.mqtt.topics import check_filter, check_topic

_log = logging.getLogger(__name__)

_PATIENCE: Final = Patience()
_SESSION: Final = Session()
_HAND_OVER: Final = 64
"""Messages on their way from paho's thread to the event loop."""
_HAND_OVER_S: Final = 1.0
"""How often paho's thread looks whether we are leaving, while the event loop takes nothing."""
_LARGEST: Final = 16 << 20
"""Bytes of a message that is taken from the broker, however small the limit is, so that its sender learns of it."""
_AT_ONCE: Final = 50
"""Subscriptions in one packet."""


class PahoLink:
    """Implements `runtime.mqtt.link.Link`."""

    def __init__(
        self,
        endpoint: Endpoint,
        client_id: str,
        limits: Limits,
        patience: Patience = _PATIENCE,
        session: Session = _SESSION,
    ) -> None:
        """Take note of where to connect.

        Raises:
            ConfigError: a certificate or its key cannot be read.
        """
        self._endpoint = endpoint
        self._tls = tls.context(endpoint)
        self._client_id = client_id
        self._limits = limits
        self._patience = patience
        self._retries = Retries(patience)
        self._session = session
        self._lock = threading.Lock()
        """Over what both threads look at: the epoch, and everything about subscriptions."""
        self._epoch = 0
        self._subscriptions: dict[str, Subscription] = {}
        self._asked: dict[int, list[str]] = {}
        """Filters by the packet that asked for them, until the broker answers it."""
        self._opening: set[int] = set()
        """Those packets that have to be answered before we are up."""
        self._refused: list[str] = []
        self._present = False
        self._hand_over = threading.BoundedSemaphore(_HAND_OVER)
        self._unconfirmed: dict[int, tuple[asyncio.Future[None], Publication]] = {}
        self._client: mqtt.Client | None = None
        self._connected = False
        """Up, as the event loop knows it."""
        self._greeted = False
        """Whether the broker has answered our CONNECT on this connection."""
        self._sockets = 0
        self._speaks5 = False
        """It did once: from then on a broker that hangs up is one that goes down, not one that does not understand."""
        self._closed = False

    async def open(self, subscriptions: Iterable[Subscription], will: Publication | None, sink: Sink) -> None:
        """See `runtime.mqtt.link.Link.open`."""
        self._loop = asyncio.get_running_loop()
        self._subscriptions = {check_filter(each.filter): each for each in subscriptions}
        if will is not None:
            check_topic(will.topic)
        self._will, self._sink = will, sink
        self._start(version5=self._endpoint.version5)

    async def publish(self, publication: Publication) -> None:
        """See `runtime.mqtt.link.Link.publish`."""
        check_topic(publication.topic)
        if self._client is None:
            raise RuntimeError("the link is not open")
        now_or_never = publication.qos == 0 or not self._session.persistent
        if now_or_never and not self._connected:
            raise AwayError("the MQTT broker cannot be reached; try again when it is back")
        info = packets.publish(self._client, publication)
        if info.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:
            raise BusyError("too many answers wait for the MQTT broker; see whether it is reachable")
        if now_or_never and info.rc == MQTTErrorCode.MQTT_ERR_NO_CONN:
            raise AwayError("the MQTT broker cannot be reached; try again when it is back")
        if publication.qos == 0:
            return
        confirmed = self._loop.create_future()
        self._unconfirmed[info.mid] = confirmed, publication
        try:
            await confirmed
        finally:
            if self._unconfirmed.get(info.mid, (None,))[0] is confirmed:
                del self._unconfirmed[info.mid]

    def subscribe(self, subscriptions: Iterable[Subscription]) -> None:
        """See `runtime.mqtt.link.Link.subscribe`."""
        added = {check_filter(each.filter): each for each in subscriptions}
        with self._lock:
            self._subscriptions |= added
            if self._client is not None and self._greeted:
                self._ask(self._client, list(added.values()))

    def unsubscribe(self, filters: Iterable[str]) -> None:
        """See `runtime.mqtt.link.Link.unsubscribe`."""
        with self._lock:
            gone = [check_filter(each) for each in filters]
            for each in gone:
                self._subscriptions.pop(each, None)
            if self._client is not None and self._greeted:
                for first in range(0, len(gone), _AT_ONCE):
                    self._client.unsubscribe(gone[first : first + _AT_ONCE])

    def acknowledge(self, delivery: Delivery) -> None:
        """See `runtime.mqtt.link.Link.acknowledge`."""
        with self._lock:
            if self._client is not None and delivery.epoch == self._epoch:
                self._client.ack(delivery.packet, delivery.qos)

    async def close(self) -> None:
        """See `runtime.mqtt.link.Link.close`."""
        self._closed = True
        await self._leave()
        if not self._session.persistent:
            self._give_up()

    async def _leave(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await asyncio.to_thread(_stop, client)

    def _start(self, *, version5: bool) -> None:
        """Make a client and let its thread connect."""
        endpoint, session = self._endpoint, self._session
        client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            self._client_id,
            clean_session=None if version5 else not session.persistent,
            protocol=mqtt.MQTTv5 if version5 else mqtt.MQTTv311,
            manual_ack=True,
        )
        client.max_queued_messages_set(session.outgoing)
        self._retries.begin(client)
        if endpoint.username is not None:
            client.username_pw_set(endpoint.username, endpoint.password)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        if (will := self._will) is not None:
            kept = packets.publishing(will, PacketTypes.WILLMESSAGE) if version5 else None
            client.will_set(will.topic, will.payload, will.qos, will.retain, kept)
        client.on_socket_open = self._on_socket_open
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        options: dict[str, Any] = {}
        if version5:
            wanted = packets.connecting(session, max(_LARGEST, 2 * self._limits.request_bytes))
            options = {"clean_start": not session.persistent, "properties": wanted}
        broker = endpoint.broker
        client.connect_async(broker.host, broker.port, self._patience.keepalive, **options)
        self._client = client
        client.loop_start()

    def _ask(self, client: mqtt.Client, subscriptions: list[Subscription]) -> set[int]:
        """Subscribe, a packet for every few; which packets those are. Under the lock."""
        sent: set[int] = set()
        for first in range(0, len(subscriptions), _AT_ONCE):
            some = subscriptions[first : first + _AT_ONCE]
            if client.protocol == mqtt.MQTTv5:
                _, packet = client.subscribe([(each.filter, packets.subscribing(each)) for each in some])
            else:
                _, packet = client.subscribe([(each.filter, each.qos) for each in some])
            if packet is not None:  # else the connection is gone, and the next one asks again
                self._asked[packet] = [each.filter for each in some]
                sent.add(packet)
        return sent

    def _expect_greeting(self, client: mqtt.Client, connection: int) -> None:
        self._loop.call_later(self._patience.greeting, self._unless_greeted, client, connection)

    def _unless_greeted(self, client: mqtt.Client, connection: int) -> None:
        """Begin again with the other MQTT, unless that has happened or the broker has answered, now or ever."""
        if (client, connection) == (self._client, self._sockets) and not (self._greeted or self._speaks5):
            version5 = client.protocol != mqtt.MQTTv5
            self._changing = self._loop.create_task(self._change(version5=version5), name="mqtt.change")

    async def _change(self, *, version5: bool) -> None:
        """A broker that hung up on 3.1.1, too, was only going down, as it turns out."""
        await self._leave()
        if version5:
            await asyncio.sleep(random.uniform(*self._patience.first_retry))  # noqa: S311  no secret
        else:
            _log.info("%s does not speak MQTT 5; using 3.1.1", self._endpoint.broker)
        if self._closed:
            return
        self._start(version5=version5)
        waiting, self._unconfirmed = self._unconfirmed, {}
        for confirmed, publication in waiting.values():
            if self._client is not None and not confirmed.done():
                self._unconfirmed[packets.publish(self._client, publication).mid] = confirmed, publication

    def _tell(self, event: LinkEvent) -> None:
        """On the event loop, whatever the thread an event comes from."""
        match event:
            case Up():
                self._connected = True
            case Down():
                self._connected = False
                if not self._session.persistent:
                    self._give_up()
        self._sink(event)

    def _give_up(self) -> None:
        """What was not acknowledged on a connection without a session is sent on no other."""
        for confirmed, publication in self._unconfirmed.values():
            if not confirmed.done():
                confirmed.set_exception(
                    LostError(f"the connection ended while {publication.topic} was told; see how it is now")
                )

    # Below, everything runs on paho's thread.

    def _post(self, call: Callable[..., None], *args: object) -> None:
        with contextlib.suppress(RuntimeError):  # the event loop is gone, and with it everyone who would care
            self._loop.call_soon_threadsafe(call, *args)

    def _on_socket_open(self, client: mqtt.Client, _data: object, opened: object) -> None:
        send_at_once(opened)
        self._greeted = False
        self._sockets += 1
        if self._endpoint.version5:
            self._post(self._expect_greeting, client, self._sockets)

    def _on_connect(
        self,
        client: mqtt.Client,
        _data: object,
        flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        if reason.getName() == "Unsupported protocol version" and client.protocol == mqtt.MQTTv5:
            self._post(self._unless_greeted, client, self._sockets)
            return
        if not reason.is_failure:
            self._retries.up()
        if not self._session.persistent:
            client.drop_out_messages()
        with self._lock:
            self._epoch += 1
            self._greeted = True
            self._speaks5 = client.protocol == mqtt.MQTTv5
            self._asked.clear()
            self._refused.clear()
            self._present = flags.session_present
            if not reason.is_failure:
                self._opening = self._ask(client, list(self._subscriptions.values()))
            alone = not self._subscriptions
        if reason.is_failure:
            broker = self._endpoint.broker
            self._post(
                self._tell,
                Down(f"{broker} refuses us ({reason}), see mqtt.username and mqtt.password_file"),
            )
        elif alone:
            self._post(self._tell, Up(self._present))

    def _on_connect_fail(self, client: mqtt.Client, _data: object) -> None:
        self._retries.down(client)
        self._post(self._tell, Down(f"{self._endpoint.broker} cannot be reached{tls.hint(self._tls)}"))

    def _on_subscribe(
        self,
        _client: mqtt.Client,
        _data: object,
        packet: int,
        reasons: list[ReasonCode],
        _properties: object,
    ) -> None:
        with self._lock:
            filters = self._asked.pop(packet, [])
            refused = [each for each, reason in zip(filters, reasons, strict=False) if reason.is_failure]
            opened = packet in self._opening
            self._opening.discard(packet)
            self._refused += refused
            done, all_refused = not self._opening, tuple(self._refused)
            none_left = len(all_refused) == len(self._subscriptions)
        if not opened:
            for each in refused:
                _log.warning("the broker does not let us subscribe to %s; see its access rules", each)
        elif done and none_left:
            names = " or ".join(all_refused)
            self._post(self._tell, Down(f"the broker does not let us subscribe to {names}"))
        elif done:
            self._post(self._tell, Up(self._present, all_refused))

    def _on_disconnect(
        self,
        client: mqtt.Client,
        _data: object,
        _flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        self._retries.down(client)
        with self._lock:
            self._epoch += 1
        if self._endpoint.version5 and not self._greeted:
            self._post(self._unless_greeted, client, self._sockets)
        if reason.is_failure:
            hint = "" if self._greeted else tls.hint(self._tls)
            if reason.getName() == "Session taken over":
                hint = f"; another client calls itself {self._client_id}, give each appliance a mqtt.node"
            timed_out = reason.getName() == "Keep alive timeout"
            silent_s = 2.0 * self._patience.keepalive if timed_out else 0.0
            self._post(self._tell, Down(f"the connection ended ({reason}){hint}", silent_s))

    def _on_message(self, client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        acknowledge_at_once(client.socket())
        try:
            largest = self._limits.request_bytes
            delivery = packets.delivered(message, self._epoch, largest, resumed=self._present)
        except UnicodeDecodeError:
            _log.warning("a message was left with the broker: its topic is not UTF-8")
            return
        # Waiting here stops reading from the socket, so a flood is held back by TCP and not in our memory.
        while not self._hand_over.acquire(timeout=_HAND_OVER_S):
            if self._closed:
                return
        self._post(self._take, delivery)

    def _take(self, delivery: Delivery) -> None:
        """On the event loop again."""
        self._hand_over.release()
        self._sink(delivery)

    def _on_publish(
        self, client: mqtt.Client, _data: object, mid: int, reason: ReasonCode, _properties: object
    ) -> None:
        acknowledge_at_once(client.socket())
        self._post(self._confirm, mid, str(reason) if reason.is_failure else None)

    def _confirm(self, mid: int, refused: str | None) -> None:
        confirmed, publication = self._unconfirmed.pop(mid, (None, None))
        barred = None if refused is None else BarredError(publication.topic if publication else None, refused)
        if barred is not None:
            _log.error(barred)
        if confirmed is not None and not confirmed.done():
            confirmed.set_result(None) if barred is None else confirmed.set_exception(barred)


def _stop(client: mqtt.Client) -> None:
    """Blocks until paho's thread has ended: at most about the connection timeout."""
    client.disconnect()
    client.loop_stop()

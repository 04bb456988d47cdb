"""The devices' connection: hears them announced and discovered, hears how they are, and carries what they are told.

A connection of its own, without a session: a flood of states holds up no command, and what is old news after a
reconnection is asked for again. Of what comes faster than it is read, the latest on each topic counts. Knows topics
and whose they are; what a message means is the business of `runtime.commands.registry`.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final, assert_never

from runtime.commands.registry import announce
from runtime.commands.registry.binding import Outgoing
from runtime.commands.registry.devices import Value
from runtime.commands.registry.homeassistant.message import filters
from runtime.commands.registry.live import Registry
from runtime.commands.registry.toml import HouseFile
from runtime.commands.registry.wiring import Fades
from runtime.errors import BusyError, DeviceError
from runtime.limits import Limits
from runtime.mqtt.complaints import Complaints
from runtime.mqtt.connection import Connection
from runtime.mqtt.link import (
    AwayError,
    BarredError,
    Delivery,
    Down,
    Link,
    LinkEvent,
    LostError,
    Publication,
    Session,
    Subscription,
    Up,
)
from runtime.mqtt.listening import Listener, Listening
from runtime.mqtt.origins import Origins

_log = logging.getLogger(__name__)

SESSION: Final = Session(persistent=False, window=64, outgoing=256)
"""How the link is to be made."""
_TURN_S: Final = 0.005
"""How long messages are read before others on the event loop have their turn."""
_WAITING: Final = 4096
"""Topics with a message that waits to be read; one more is read at once, which slows the broker down."""
_SETTLED_S: Final = 30.0
"""After a reconnection: what the broker kept for us before, and has not sent again by then, is gone."""


class DeviceFeed:
    """Fills a registry from a broker, and implements `Channel`."""

    def __init__(
        self,
        link: Link,
        registry: Registry,
        limits: Limits,
        *,
        house: HouseFile | None = None,
        prefix: str | None = "homeassistant",
        node: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Put the owner's devices into the registry: they are there, whether the broker is or not.

        Args:
            link: made with `SESSION`; this opens and closes it.
            registry: is filled.
            limits: `device_bytes` is the largest message that is read.
            house: what the owner wrote down.
            prefix: where devices announce themselves to Home Assistant; None leaves them alone.
            node: who we are: what this appliance itself announces is no device of others.
            clock: seconds since the epoch.
        """
        self._link = link
        self._registry = registry
        self._limits = limits
        self._prefix = prefix
        self._clock = clock
        self._complaints = Complaints(_log)
        self._listening = Listening()
        self._origins = Origins(
            registry, self._listening, limits, self._complaints, house or HouseFile(), prefix, node
        )
        self._listening.changes()  # these are subscribed to when the link is opened
        self._waiting: dict[str, Delivery] = {}
        self._something = asyncio.Event()
        self._connection = Connection(_log)
        self._sweep: asyncio.TimerHandle | None = None
        self._fading: dict[tuple[str, str], asyncio.TimerHandle] = {}

    @property
    def connected(self) -> bool:
        """Whether devices can be told anything now."""
        return self._connection.there

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until `stop` is set."""
        everywhere = [announce.FILTER, *(filters(self._prefix) if self._prefix else ())]
        await self._link.open(_subscriptions([*everywhere, *self._listening.topics]), None, self._on_event)
        reading = asyncio.create_task(self._read_all(), name="mqtt.devices")
        stopping = asyncio.create_task(stop.wait(), name="mqtt.devices.stop")
        try:
            await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reading, stopping):
                task.cancel()
            for timer in (self._sweep, *self._fading.values()):
                if timer is not None:
                    timer.cancel()
            await self._link.close()
        if reading.done() and not reading.cancelled():
            reading.result()

    async def send(self, outgoing: Outgoing) -> None:
        """See `Channel.send`.

        Raises:
            DeviceError: it was not sent, and will not be.
            TimeoutError: the connection ended in between; it may have been sent, and is not sent again.
        """
        publication = Publication(outgoing.address, outgoing.payload, outgoing.retain, outgoing.qos)
        try:
            await self._link.publish(publication)
        except BarredError as exc:
            raise DeviceError(str(exc)) from exc
        except (AwayError, BusyError, ValueError) as exc:
            raise DeviceError(f"nothing could be sent to {outgoing.address}: {exc}") from exc
        except LostError as exc:
            raise TimeoutError(str(exc)) from exc

    def hears(self, topic: str) -> bool:
        """Whether a device speaks there: then nobody else is to."""
        return any(True for _ in self._listening.at(topic))

    def _on_event(self, event: LinkEvent) -> None:
        match event:
            case Up(refused=refused):
                self._connection.up("devices are heard and told over MQTT", refused)
                self._sweep_later()
            case Down(reason):
                self._connection.down("no device can be reached over MQTT", reason)
                self._origins.lost()  # not when it is up again: what is retained may come before we are told
            case Delivery():
                self._link.acknowledge(event)
                self._take(event)
            case _:
                assert_never(event)

    def _sweep_later(self) -> None:
        """What was known before this connection must prove that it still is."""
        if self._sweep is not None:
            self._sweep.cancel()
        self._sweep = asyncio.get_running_loop().call_later(_SETTLED_S, self.forget_unheard)

    def _take(self, delivery: Delivery) -> None:
        if (
            size := len(delivery.payload)
        ) > self._limits.device_bytes:  # thousands may wait: not with all of that
            delivery = replace(delivery, payload=b"", oversize=size)
        if len(self._waiting) >= _WAITING and delivery.topic not in self._waiting:
            self._read_one(delivery)
            return
        self._waiting.pop(delivery.topic, None)
        self._waiting[delivery.topic] = delivery
        self._something.set()

    async def _read_all(self) -> None:
        """Read what waits, a little at a time."""
        while True:
            await self._something.wait()
            until = time.monotonic() + _TURN_S
            while self._waiting:
                self._read_one(self._waiting.pop(next(iter(self._waiting))))
                if time.monotonic() > until:
                    break
            if not self._waiting:
                self._something.clear()
            new, old = self._listening.changes()
            if old:
                self._link.unsubscribe(old)
            if new:
                self._link.subscribe(_subscriptions(new))
            await asyncio.sleep(0)

    def _read_one(self, delivery: Delivery) -> None:
        try:
            self._read(delivery)
        except Exception:  # noqa: BLE001  one message must not end the feed
            _log.exception("failed on what came on %s; please report it", delivery.topic)

    def _read(self, delivery: Delivery) -> None:
        source = self._origins.source(delivery.topic)
        if source is None:
            self._hear(delivery)
        else:
            self._origins.describe(delivery, source)

    def _hear(self, delivery: Delivery) -> None:
        """A device says how it is."""
        if delivery.oversize:
            self._complaints.about(delivery.topic, "a state is larger than limits.device_bytes")
            return
        for listener in self._listening.at(delivery.topic):
            try:
                self._hear_one(listener, delivery.payload)
            except DeviceError as exc:
                self._complaints.about(f"{delivery.topic} {listener.device}", str(exc))

    def _hear_one(self, listener: Listener, payload: bytes) -> None:
        """What one device says.

        Raises:
            DeviceError: some of it means nothing; the rest was taken.
        """
        device, at = listener.device, self._clock()
        for sign in listener.signs:
            if (there := sign.read(payload)) is not None:
                self._registry.reachable(device, self._listening.is_there(listener, sign, there))
        faults = []
        for report in listener.reports:
            try:
                values = report.read(payload, lambda name: self._registry.value(device, name))
            except DeviceError as exc:
                faults.append(f"{report.capability} of {device}: {exc}")
                continue
            for value in values:
                self._registry.heard(device, report.capability, value, at)
                if report.fades is not None:
                    self._later(device, report.capability, report.fades)
        if faults:
            raise DeviceError("; ".join(faults))

    def _later(self, device: str, capability: str, fades: Fades) -> None:
        """What was heard will not hold for ever."""
        if (before := self._fading.pop((device, capability), None)) is not None:
            before.cancel()
        self._fading[device, capability] = asyncio.get_running_loop().call_later(
            fades.after_s, self._fade, device, capability, fades.value
        )

    def _fade(self, device: str, capability: str, value: Value) -> None:
        del self._fading[device, capability]
        self._registry.heard(device, capability, value, self._clock())

    def forget_unheard(self) -> None:
        """Some time after a reconnection: drop what was taken away before it."""
        self._origins.forget_unheard()
        self._something.set()


def _subscriptions(topics: Iterable[str]) -> list[Subscription]:
    return [Subscription(topic, retained=True) for topic in topics]

"""The devices' connection: hears them announced and discovered, hears how they are, and carries what they are told.

A connection of its own, without a session: a flood of states holds up no command, and what is old news after a
reconnection is asked for again. Of what comes faster than it is read, the latest on each topic counts. Knows topics
and whose they are; what a message means is the business of `runtime.commands.registry`.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, assert_never

from runtime.commands.registry import announce, toml
from runtime.commands.registry.binding import Outgoing
from runtime.commands.registry.homeassistant import discovery
from runtime.commands.registry.homeassistant.message import filters
from runtime.commands.registry.live import Registry
from runtime.commands.registry.toml import HouseFile
from runtime.commands.registry.wiring import Found
from runtime.errors import BusyError, DeviceError
from runtime.limits import Limits
from runtime.mqtt.link import (
    AwayError,
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

_log = logging.getLogger(__name__)

SESSION: Final = Session(persistent=False, window=64, outgoing=256)
"""How the link is to be made."""
_AT_ONCE: Final = 50
"""Messages that are read before others on the event loop have their turn."""
_WAITING: Final = 4096
"""Topics with a message that waits to be read; one more is read at once, which slows the broker down."""
_COMPLAINTS: Final = 1000
"""Topics that are complained about before it is enough."""
_SETTLED_S: Final = 30.0
"""After a reconnection: what the broker kept for us before, and has not sent again by then, is gone."""


@dataclass(slots=True)
class _Origin:
    """A topic that describes devices."""

    digest: bytes
    source: str
    devices: tuple[str, ...]
    kept: bool
    """The broker had retained it."""
    connection: int
    """The one on which it was last heard."""


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
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Put the owner's devices into the registry: they are there, whether the broker is or not.

        Args:
            link: made with `SESSION`; this opens and closes it.
            registry: is filled.
            limits: `device_bytes` is the largest message that is read.
            house: what the owner wrote down.
            prefix: where devices announce themselves to Home Assistant; None leaves them alone.
            clock: seconds since the epoch.
        """
        self._link = link
        self._registry = registry
        self._limits = limits
        self._prefix = prefix
        self._clock = clock
        self._owned = house.owned if house else {}
        self._listening = Listening()
        self._origins: dict[str, _Origin] = {}
        self._waiting: dict[str, Delivery] = {}
        self._something = asyncio.Event()
        self._complained: set[str] = set()
        self._connected: bool | None = None
        self._connection = 0
        self._kept_again = False
        """Whether the broker still has, on this connection, something that it had retained."""
        self._sweep: asyncio.TimerHandle | None = None
        for area in house.areas if house else ():
            registry.put_area(area)
        for found in house.devices if house else ():
            self._put(toml.SOURCE, found)
        self._listening.changes()

    @property
    def connected(self) -> bool:
        """Whether devices can be told anything now."""
        return bool(self._connected)

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
            if self._sweep is not None:
                self._sweep.cancel()
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
        except (AwayError, BusyError, ValueError) as exc:
            raise DeviceError(f"nothing could be sent to {outgoing.address}: {exc}") from exc
        except LostError as exc:
            raise TimeoutError(str(exc)) from exc

    def _on_event(self, event: LinkEvent) -> None:
        match event:
            case Up(refused=refused):
                _log.info("devices are heard and told over MQTT")
                for each in refused:
                    _log.warning("the broker does not let us hear %s; see its access rules", each)
                self._again()
            case Down(reason):
                # Once a loss, not once an attempt.
                level = logging.DEBUG if self._connected is False else logging.WARNING
                _log.log(level, "no device can be reached over MQTT: %s; trying again until it can", reason)
                self._connected = False
                self._kept_again = False
                self._connection += 1  # not when it is up: what is retained may come before we are told
            case Delivery():
                self._link.acknowledge(event)
                self._take(event)
            case _:
                assert_never(event)

    def _again(self) -> None:
        """A connection is there: what was known before it must prove that it still is."""
        if self._sweep is not None:
            self._sweep.cancel()
        self._sweep = asyncio.get_running_loop().call_later(_SETTLED_S, self.forget_unheard)
        self._connected = True

    def _take(self, delivery: Delivery) -> None:
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
            for topic in list(self._waiting)[:_AT_ONCE]:
                self._read_one(self._waiting.pop(topic))
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
        topic = delivery.topic
        if self._prefix and topic.startswith(f"{self._prefix}/") and topic.endswith("/config"):
            self._describe(delivery, discovery.SOURCE)
        elif topic.startswith(announce.PREFIX):
            self._describe(delivery, announce.SOURCE)
        else:
            self._hear(delivery)

    def _describe(self, delivery: Delivery, source: str) -> None:
        """Devices are there, are different, or are gone."""
        topic, digest = delivery.topic, hashlib.sha256(delivery.payload).digest()
        before = self._origins.get(topic)
        self._kept_again |= delivery.retained
        if before is not None and before.digest == digest and not delivery.oversize:
            before.connection, before.kept = self._connection, before.kept or delivery.retained
            return
        found = self._understood(delivery, source)
        if found is None:
            return
        devices = tuple(put for each in found if (put := self._put(source, each, topic)) is not None)
        for gone in set(before.devices if before else ()) - set(devices):
            self._drop(source, gone)
        if devices:
            self._complained.discard(topic)
            self._origins[topic] = _Origin(digest, source, devices, delivery.retained, self._connection)
        else:
            self._origins.pop(topic, None)

    def _understood(self, delivery: Delivery, source: str) -> tuple[Found, ...] | None:
        """The devices that a message describes; None if it cannot be read, and what it said before still holds."""
        topic, most = delivery.topic, self._limits.device_bytes
        if delivery.oversize:
            self._complain(topic, f"the message has {delivery.oversize} bytes; {most} are the most")
            return None
        if source == announce.SOURCE:
            try:
                device = announce.announced(topic, delivery.payload, most)
            except DeviceError as exc:
                self._complain(topic, str(exc))
                return None
            return () if device is None else (device,)
        came = discovery.discovered(self._prefix or "", topic, delivery.payload, most)
        for fault in came.faults:
            self._complain(topic, fault)
        return None if came.faults and not came.found else came.found

    def _put(self, source: str, found: Found, topic: str = "") -> str | None:
        """Add a device; its id, or None if the owner or the registry does not take it."""
        device = found.entry.device
        others = (origin.devices for place, origin in self._origins.items() if place != topic)
        if (
            found.spare_id
            and self._registry.holds(source, device.id)
            and any(device.id in each for each in others)
        ):
            device = replace(device, id=found.spare_id)
        corrected = self._as_owned(replace(found, entry=replace(found.entry, device=device)), topic)
        if corrected is None or not self._registry.takes(source, device.id):
            return None
        found, device = corrected, corrected.entry.device
        if found.area_name is not None:
            device = replace(device, area=self._registry.area_named(found.area_name))
            found = replace(found, entry=replace(found.entry, device=device))
        self._registry.put(source, found.entry)
        self._listening.add(found)
        return device.id

    def _as_owned(self, found: Found, topic: str) -> Found | None:
        """The device as its owner has it; None if it is to be left out."""
        said = self._owned.get(found.entry.device.id)
        if said is None:
            return found
        try:
            return said.of(found)
        except DeviceError as exc:  # rather not there than without the confirmation that was asked for
            self._complain(topic, f"what the house file says of {said.id} does not fit it: {exc}")
            return None

    def _drop(self, source: str, device: str) -> None:
        self._listening.remove(device)
        self._registry.drop(source, device)

    def _hear(self, delivery: Delivery) -> None:
        """A device says how it is."""
        if delivery.oversize or len(delivery.payload) > self._limits.device_bytes:
            self._complain(delivery.topic, "a state is larger than limits.device_bytes")
            return
        for listener in self._listening.at(delivery.topic):
            try:
                self._hear_one(listener, delivery.payload)
            except DeviceError as exc:
                self._complain(f"{delivery.topic} {listener.device}", str(exc))

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
        if faults:
            raise DeviceError("; ".join(faults))

    def forget_unheard(self) -> None:
        """Drop what the broker had retained and has no more: it was taken away while we were not connected.

        A broker that has nothing of it any more has forgotten it, and nobody has taken it away.
        """
        if not self._kept_again:
            return
        for topic, origin in list(self._origins.items()):
            if origin.kept and origin.connection < self._connection:
                for device in origin.devices:
                    self._drop(origin.source, device)
                del self._origins[topic]
        self._something.set()

    def _complain(self, topic: str, fault: str) -> None:
        """Say once of a topic what is wrong there."""
        if topic not in self._complained and len(self._complained) < _COMPLAINTS:
            self._complained.add(topic)
            _log.warning("left out what came on %s: %s", topic, fault)


def _subscriptions(topics: Iterable[str]) -> list[Subscription]:
    return [Subscription(topic, retained=True) for topic in topics]

"""Which message told of which devices: they change with it and go with it. Fills registry and listening; no connection.

Knows the sources and what the owner has to say of their devices. Of the broker it knows what it is told: which messages
were retained, and when the connection was lost.
"""

import hashlib
from dataclasses import dataclass, replace

from runtime.commands.registry import announce, toml
from runtime.commands.registry.homeassistant import discovery
from runtime.commands.registry.live import Registry
from runtime.commands.registry.toml import HouseFile
from runtime.commands.registry.wiring import Found
from runtime.errors import DeviceError
from runtime.limits import Limits
from runtime.mqtt.complaints import Complaints
from runtime.mqtt.link import Delivery
from runtime.mqtt.listening import Listening


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


class Origins:
    """All topics that describe devices."""

    def __init__(
        self,
        registry: Registry,
        listening: Listening,
        limits: Limits,
        complaints: Complaints,
        house: HouseFile,
        prefix: str | None,
        node: str = "",
    ) -> None:
        """`node`: who we are, to know what is our own."""
        self._node = node
        self._registry = registry
        self._listening = listening
        self._limits = limits
        self._complaints = complaints
        self._prefix = prefix
        self._owned = house.owned
        self._topics: dict[str, _Origin] = {}
        self._connection = 0
        self._kept_again = False
        """Whether the broker still has, on this connection, something that it had retained."""
        for area in house.areas:
            registry.put_area(area)
        for found in house.devices:
            self._put(toml.SOURCE, found)

    def source(self, topic: str) -> str | None:
        """Which source a topic belongs to; None if it describes no devices."""
        if self._prefix and topic.startswith(f"{self._prefix}/") and topic.endswith("/config"):
            return discovery.SOURCE
        return announce.SOURCE if topic.startswith(announce.PREFIX) else None

    def describe(self, delivery: Delivery, source: str) -> None:
        """Devices are there, are different, or are gone."""
        topic, digest = delivery.topic, hashlib.sha256(delivery.payload).digest()
        before = self._topics.get(topic)
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
            self._complaints.settled(topic)
            self._topics[topic] = _Origin(digest, source, devices, delivery.retained, self._connection)
        else:
            self._topics.pop(topic, None)

    def lost(self) -> None:
        """The connection is gone: what was known must prove, on the next, that it still is."""
        self._connection += 1
        self._kept_again = False

    def forget_unheard(self) -> None:
        """Drop what the broker had retained and has no more: it was taken away while we were not connected.

        A broker that has nothing of it any more has forgotten it, and nobody has taken it away.
        """
        if not self._kept_again:
            return
        for topic, origin in list(self._topics.items()):
            if origin.kept and origin.connection < self._connection:
                for device in origin.devices:
                    self._drop(origin.source, device)
                del self._topics[topic]

    def _understood(self, delivery: Delivery, source: str) -> tuple[Found, ...] | None:
        """The devices that a message describes; None if it cannot be read, and what it said before still holds."""
        topic, most = delivery.topic, self._limits.device_bytes
        if delivery.oversize:
            self._complaints.about(topic, f"the message has {delivery.oversize} bytes; {most} are the most")
            return None
        if source == announce.SOURCE:
            try:
                device = announce.announced(topic, delivery.payload, most)
            except DeviceError as exc:
                self._complaints.about(topic, str(exc))
                return None
            return () if device is None else (device,)
        came = discovery.discovered(self._prefix or "", topic, delivery.payload, most, self._node)
        for fault in came.faults:
            self._complaints.about(topic, fault)
        return None if came.faults and not came.found else came.found

    def _put(self, source: str, found: Found, topic: str = "") -> str | None:
        """Add a device; its id, or None if the owner or the registry does not take it."""
        corrected = self._as_owned(self._told_apart(source, found, topic), topic)
        if corrected is None or not self._registry.takes(source, corrected.entry.device.id):
            return None
        device = corrected.entry.device
        if corrected.area_name is not None:
            device = replace(device, area=self._registry.area_named(corrected.area_name))
        corrected = replace(corrected, entry=replace(corrected.entry, device=device))
        self._registry.put(source, corrected.entry)
        self._listening.add(corrected)
        if corrected.presence is None:  # it may have had one, and said that it goes
            self._registry.reachable(device.id, there=True)
        return device.id

    def _told_apart(self, source: str, found: Found, topic: str) -> Found:
        """The device under its spare id, if one that another topic describes has its id."""
        wanted = found.entry.device.id
        if found.spare_id is None or not self._registry.holds(source, wanted):
            return found
        others = (origin.devices for place, origin in self._topics.items() if place != topic)
        if not any(wanted in each for each in others):
            return found
        device = replace(found.entry.device, id=found.spare_id)
        return replace(found, entry=replace(found.entry, device=device))

    def _as_owned(self, found: Found, topic: str) -> Found | None:
        """The device as its owner has it; None if it is to be left out."""
        said = self._owned.get(found.entry.device.id)
        if said is None:
            return found
        try:
            return said.of(found)
        except DeviceError as exc:  # rather not there than without the confirmation that was asked for
            self._complaints.about(topic, f"what the house file says of {said.id} does not fit it: {exc}")
            return None

    def _drop(self, source: str, device: str) -> None:
        self._listening.remove(device)
        self._registry.drop(source, device)

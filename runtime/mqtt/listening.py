"""Which devices are heard of on which topic. Values only: subscribing is the feed's business."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from runtime.commands.registry.wiring import Found, Report, Sign


@dataclass(slots=True)
class _Presence:
    """What was heard of a device's being there."""

    heard: dict[str, bool] = field(default_factory=dict)
    latest: bool = True


@dataclass(frozen=True, slots=True)
class Listener:
    """One device's interest in one topic."""

    found: Found
    reports: tuple[Report, ...]
    signs: tuple[Sign, ...]

    @property
    def device(self) -> str:
        """Its id."""
        return self.found.entry.device.id


class Listening:
    """All listeners by topic, and what has to be subscribed to since somebody last asked."""

    def __init__(self) -> None:
        self._topics: dict[str, dict[str, Listener]] = {}
        self._devices: dict[str, tuple[Found, _Presence]] = {}
        self._new: set[str] = set()
        self._old: set[str] = set()

    def add(self, found: Found) -> None:
        """Listen for a device, in place of the same one as it was before."""
        device = found.entry.device.id
        self.remove(device)
        self._devices[device] = found, _Presence()
        signs = found.presence.signs if found.presence else ()
        for topic in found.topics:
            reports = tuple(each for each in found.reports if each.topic == topic)
            mine = Listener(found, reports, tuple(each for each in signs if each.topic == topic))
            self._topics.setdefault(topic, {})[device] = mine
            self._new.add(topic)
            self._old.discard(topic)

    def remove(self, device: str) -> None:
        """Listen for a device no longer."""
        if device not in self._devices:
            return
        found, _ = self._devices.pop(device)
        for topic in found.topics:
            del self._topics[topic][device]
            if not self._topics[topic]:
                del self._topics[topic]
                self._new.discard(topic)
                self._old.add(topic)

    def at(self, topic: str) -> Iterable[Listener]:
        """Who listens there."""
        return tuple(self._topics.get(topic, {}).values())

    @property
    def topics(self) -> frozenset[str]:
        """All of them."""
        return frozenset(self._topics)

    def changes(self) -> tuple[frozenset[str], frozenset[str]]:
        """What to subscribe to since the last call, and what no longer.

        A topic that is subscribed to already is new for a device that is: the broker sends what it retains again.
        """
        new, old = frozenset(self._new), frozenset(self._old)
        self._new.clear()
        self._old.clear()
        return new, old

    def is_there(self, listener: Listener, sign: Sign, heard: bool) -> bool:  # noqa: FBT001  what was heard
        """Whether a device can be reached, now that this was heard of it."""
        found, presence = self._devices[listener.device]
        if found.presence is None:
            return True
        presence.heard[sign.topic] = presence.latest = heard
        return found.presence.there(presence.heard, heard)

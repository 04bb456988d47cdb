"""Where a result may be sent: whoever can send us a command is not to make us publish what they could not.

A topic of the sender's choice is refused if something acts on what is said there: our own inputs, devices, who listens
to what devices say, discovery, other voice assistants; if it looks like where another program takes its orders; or if
the owner named the topics that senders may choose and it is none of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from runtime.commands.meaning import Action
from runtime.commands.registry.binding import Outgoing
from runtime.commands.registry.devices import Capability, Options, Press, Range, Switch, Text, Value
from runtime.commands.registry.house import House
from runtime.errors import CallerError, DeviceError
from runtime.mqtt.topics import check_topic, matches

CLIENT: Final = "%c"
"""In a pattern of the owner's: the level that is the sender's name."""
_OURS: Final = ("ingle/+/command/result", "ingle/+/command/result/#", "ingle/+/reply/#")
"""Those below ingle/ where nothing listens that acts on it."""
_OTHERS: Final = ("hermes/#", "homeassistant/#")
_INPUTS: Final = frozenset({"cmnd", "cmd", "command", "get", "request", "rpc", "set"})
"""Levels by which bridges and firmwares call the topics on which they are told something (Tasmota, Zigbee2MQTT...)."""


@dataclass(frozen=True, slots=True)
class Replies:
    """What the owner allows, and where devices listen."""

    allowed: tuple[str, ...] = ()
    """Filters; none of them: any topic where nothing listens that acts on it."""
    discovery: str = "homeassistant"
    devices: Callable[[], frozenset[str]] = field(default=frozenset)
    """The topics where devices take commands."""
    heard: Callable[[str], bool] = lambda _: False
    """Whether we listen on a topic for what a device says."""

    def check(self, topic: str, sender: str) -> str:
        """The topic, if a result for this sender may go there.

        Raises:
            CallerError: it may not; the text says why.
        """
        try:
            check_topic(topic)
        except ValueError as exc:
            raise CallerError(f"no result can be sent there: {exc}", param="reply_to") from exc
        if topic.startswith("$"):
            raise CallerError(
                "no result is sent to a topic that begins with $; name another", param="reply_to"
            )
        acted_on = any(matches(each, topic) for each in (*_OTHERS, f"{self.discovery}/#"))
        inside = topic.startswith("ingle/") and not any(matches(each, topic) for each in _OURS)
        if acted_on or inside or topic in self.devices() or self.heard(topic) or self._is_input(topic):
            raise CallerError(
                f"no result is sent to {topic[:80]}, because something may act on what is said there; name a topic "
                "such as ingle/NODE/reply/NAME",
                param="reply_to",
            )
        if self.allowed and not any(matches(each, topic) for each in self._for(sender)):
            raise CallerError(
                f"the owner of this appliance lets no results for {sender or 'this topic'} be sent to {topic[:80]}; "
                "see mqtt.reply_topics",
                param="reply_to",
            )
        return topic

    def _is_input(self, topic: str) -> bool:
        """Whether it looks like another program's; not if the owner named the topics, who knows them."""
        return (
            not self.allowed and not topic.startswith("ingle/") and not _INPUTS.isdisjoint(topic.split("/"))
        )

    def _for(self, sender: str) -> Iterator[str]:
        for pattern in self.allowed:
            if CLIENT not in pattern:
                yield pattern
            elif sender:
                yield pattern.replace(CLIENT, sender)


class DeviceTopics:
    """Where the devices of a house take commands over MQTT, as their own bindings say."""

    def __init__(
        self, house: Callable[[], House], outgoing: Callable[[Action], tuple[Outgoing, ...]]
    ) -> None:
        self._house = house
        self._outgoing = outgoing
        self._version = -1
        self._topics: frozenset[str] = frozenset()

    def __call__(self) -> frozenset[str]:
        """The topics."""
        house = self._house()
        if house.version != self._version:
            self._version = house.version
            self._topics = frozenset(self._all(house))
        return self._topics

    def _all(self, house: House) -> Iterator[str]:
        for device, capability in house.settable():
            for value in _samples(capability):
                try:
                    told = self._outgoing(Action(device.id, capability.name, value))
                except DeviceError:
                    continue
                for each in told:
                    if each.channel == "mqtt":
                        yield each.address


def _samples(capability: Capability) -> tuple[Value, ...]:
    """Values that make a device use each of the topics it has for a capability."""
    match capability.domain:
        case Switch():
            return True, False
        case Range(low, high):
            return low, high
        case Options(values):
            return values
        case Press():
            return (None,)
        case Text():
            return ()

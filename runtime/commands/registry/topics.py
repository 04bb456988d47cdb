"""Which topics a device may name. Knows MQTT's rules and which topics are not a device's; sends nothing.

A device says itself where it listens, and whoever can announce a device could name a topic that means something else
to us or to the house. So a device's topic is never one of our own, never a broker's, and never more than one.
"""

from typing import Final

from runtime.commands.registry.names import displayable
from runtime.errors import DeviceError

LONGEST: Final = 256
"""Bytes of a topic."""
_OURS: Final = ("ingle", "hermes")
"""First levels on which sentences are taken: what was sent there would be understood as a command."""


class OursError(DeviceError):
    """A topic of this appliance, or of another of its kind: so its own entities, announced to others, are not taken."""


def device_topic(topic: str, key: str, granted: frozenset[str] = frozenset()) -> str:
    """`topic`, which stands under `key`, if a device may listen or speak there; of ours only one that is `granted`.

    Raises:
        DeviceError: empty, too long, with a wildcard or a control character, a broker's, or one of our own.
    """
    if not topic or len(topic.encode(errors="replace")) > LONGEST:
        raise DeviceError(f"{key} must be a topic of 1 to {LONGEST} bytes")
    if not displayable(topic):
        raise DeviceError(f"{key} holds a character that cannot be shown; name a plain topic")
    if "+" in topic or "#" in topic:
        raise DeviceError(f"{key} is {topic!r}, which has a wildcard; name one topic")
    if topic.startswith("$"):
        raise DeviceError(f"{key} is {topic!r}, which is the broker's; name a topic of the device")
    first, _, rest = topic.partition("/")
    if first.strip().lower() in _OURS and topic not in granted:
        raise OursError(f"{key} is {topic!r}, and topics under {first}/ are ours; name a topic of the device")
    if rest.endswith("/config"):
        raise DeviceError(f"{key} is {topic!r}, where devices are announced; name a topic of the device")
    return topic

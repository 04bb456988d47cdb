"""Discovery messages: which entity a topic is about, and its keys written out. Knows no component.

Topics and keys as in Home Assistant's MQTT documentation, "MQTT discovery": a message an entity, or one for a device
with all its entities.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from runtime.commands.registry.homeassistant.abbreviations import DEVICE, ENTITY
from runtime.errors import CallerError, DeviceError
from runtime.strict_json import parse

_PLACE: Final = re.compile(r"(\w+)/(?:([A-Za-z0-9_-]+)/)?([A-Za-z0-9_-]+)/config", re.ASCII)
_DEPTH: Final = 8
_DEVICE: Final = "device"
_BASE: Final = "~"
MOST_ENTITIES: Final = 200
"""Of one device."""


@dataclass(frozen=True, slots=True)
class Config:
    """What one entity says of itself, its keys written out."""

    component: str
    place: str
    """What tells it from all others: made of its topic, and stays when everything else changes."""
    keys: Mapping[str, Any]
    device: Mapping[str, Any]


def filters(prefix: str) -> tuple[str, ...]:
    """Where to listen."""
    return (f"{prefix}/+/+/config", f"{prefix}/+/+/+/config")


def configs(prefix: str, topic: str, payload: bytes, most_bytes: int) -> tuple[Config, ...]:
    """The entities that a message is about; none if it takes away what it was about before.

    Raises:
        DeviceError: no topic of a discovery message, too long, or no JSON object.
    """
    match = _PLACE.fullmatch(topic.removeprefix(f"{prefix}/"))
    if match is None:
        raise DeviceError("the topic is not that of a discovery message")
    component, node, thing = match.groups()
    if not payload.strip():
        return ()
    if len(payload) > most_bytes:
        raise DeviceError(f"the message has {len(payload)} bytes; {most_bytes} are the most")
    try:
        raw = parse(payload, depth=_DEPTH)
    except CallerError as exc:
        raise DeviceError(f"the message cannot be read: {exc}") from exc
    place = f"{node}.{thing}" if node else thing
    keys = _written_out(raw)
    if component == _DEVICE:
        return tuple(_of_device(keys, place))
    return (Config(component, f"{component}.{place}", keys, _device(keys)),)


def _of_device(keys: Mapping[str, Any], place: str) -> Iterator[Config]:
    components = keys.get("components")
    if not isinstance(components, dict):
        raise DeviceError("the message of a device has no components")
    if len(components) > MOST_ENTITIES:
        raise DeviceError(f"the device has {len(components)} components; {MOST_ENTITIES} are the most")
    shared = {key: value for key, value in keys.items() if key not in {"components", "origin"}}
    for name, raw in components.items():
        own = _written_out(raw, shared.get(_BASE))
        platform = own.get("platform")
        if isinstance(platform, str) and len(own) > 1:  # one that has only a platform is gone
            yield Config(platform, f"{platform}.{place}.{name}", {**shared, **own}, _device(keys))


def _device(keys: Mapping[str, Any]) -> Mapping[str, Any]:
    device = keys.get("device")
    return {DEVICE.get(key, key): value for key, value in device.items()} if isinstance(device, dict) else {}


def _written_out(raw: object, base: object = None) -> dict[str, Any]:
    """Keys in full, and topics with the base that they share."""
    if not isinstance(raw, dict):
        raise DeviceError("the message is not a JSON object")
    keys = {ENTITY.get(key, key): value for key, value in raw.items()}
    base = keys.get(_BASE, base)
    for key, value in keys.items():
        if key.endswith("topic"):
            keys[key] = _whole(value, base)
    if isinstance(signs := keys.get("availability"), dict | list):
        listed = signs if isinstance(signs, list) else [signs]
        keys["availability"] = [_written_out(each, base) for each in listed]
    return keys


def _whole(topic: object, base: object) -> object:
    if not isinstance(topic, str) or not isinstance(base, str):
        return topic
    if topic.startswith(_BASE):
        return base + topic[1:]
    return topic[:-1] + base if topic.endswith(_BASE) else topic

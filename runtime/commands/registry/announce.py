"""Devices that announce themselves to us: a retained JSON object on `ingle/devices/<id>`, an empty message to be gone.

The object has the keys of a device in a house file. Its id is the last level of the topic, and need not be said again.
"""

from typing import Final

from runtime.commands.registry.description import described
from runtime.commands.registry.names import plain_id
from runtime.commands.registry.wiring import Found
from runtime.errors import CallerError, DeviceError
from runtime.strict_json import parse, shown

SOURCE: Final = "announce"
PREFIX: Final = "ingle/devices/"
FILTER: Final = f"{PREFIX}+"
_DEPTH: Final = 8


def announced(topic: str, payload: bytes, most_bytes: int) -> Found | None:
    """The device that announces itself; None if it says that it is gone.

    Raises:
        DeviceError: too long, no JSON object, an unknown key, or what cannot be; nothing of it is taken.
    """
    device_id = plain_id(topic.removeprefix(PREFIX), "the last level of the topic")
    if not payload:
        return None
    if len(payload) > most_bytes:
        raise DeviceError(
            f"the announcement of {device_id} has {len(payload)} bytes; send at most {most_bytes}"
        )
    try:
        raw = parse(payload, depth=_DEPTH)
    except CallerError as exc:
        raise DeviceError(f"the announcement of {device_id} cannot be read: {exc}") from exc
    if isinstance(raw, dict) and raw.setdefault("id", device_id) != device_id:
        raise DeviceError(f"{device_id} announces itself as {shown(raw['id'])}; use one id in both places")
    return described(raw, SOURCE, "the announcement")

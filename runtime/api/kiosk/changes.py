"""What has to be said to somebody who was told of one house, so that they know another. Values in, values out.

Who lags behind is told the way from where they are to where the house is now: what was between is nobody's business.
"""

from collections.abc import Iterator
from typing import Any

from runtime.commands.registry.devices import Value
from runtime.commands.registry.house import House
from runtime.wire.house import house_told


def changes(before: House | None, now: House) -> Iterator[dict[str, Any]]:
    """The messages: a `house` where devices or areas are others, then `states` with what is different.

    `before`: what was told last; None: nothing. After a `house`, `states` has all there are.
    """
    if before is None or before.version != now.version:
        yield {"type": "house", **house_told(now)}
        before = House()
    states = {key: state.value for key, state in now.states.items() if before.states.get(key) != state}
    gone = {key: None for key in before.states if key not in now.states}
    if told := _by_device(states | gone):
        yield {"type": "states", "states": told}
    if before.away != now.away:
        moved = before.away ^ now.away
        yield {"type": "away", "away": {device: device in now.away for device in sorted(moved)}}


def _by_device(states: dict[tuple[str, str], Value]) -> dict[str, dict[str, Value]]:
    told: dict[str, dict[str, Value]] = {}
    for (device, capability), value in states.items():
        told.setdefault(device, {})[capability] = value
    return told

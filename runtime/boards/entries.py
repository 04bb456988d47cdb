"""What a board says it can do, as devices of the house. Values in, values out; knows no line and no link.

Each capability is a device of its own, as a lamp and a relay on one board are two things to whoever speaks of them. All
texts are the board's: they name something, and are never more than a name.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from firmware_bridge.description import Capability as Described
from firmware_bridge.description import Type
from firmware_bridge.messages import About
from runtime.commands.meaning import Action
from runtime.commands.registry.binding import Entry, Outgoing
from runtime.commands.registry.devices import (
    Capability,
    Device,
    Domain,
    Kind,
    Name,
    Options,
    Press,
    Range,
    Switch,
    Value,
)
from runtime.commands.registry.house import House
from runtime.commands.registry.names import LONGEST_NAME, displayable
from runtime.commands.registry.standard import guarded

SOURCE: Final = "bridge"
CHANNEL: Final = "bridge"

_LEVELS: Final = {
    Kind.LIGHT: "brightness",
    Kind.FAN: "speed",
    Kind.COVER: "position",
    Kind.VALVE: "position",
    Kind.HUMIDIFIER: "humidity",
    Kind.MEDIA_PLAYER: "volume",
}
"""What a number of a kind is called; `value` for others."""
_WITH_POWER: Final = frozenset({Kind.LIGHT, Kind.FAN})
"""Kinds whose number is off at its lowest, and on anywhere above."""
_BY_TYPE: Final = {
    Type.SWITCH: (Kind.BINARY_SENSOR, Kind.SWITCH),
    Type.NUMBER: (Kind.SENSOR, Kind.NUMBER),
    Type.OPTIONS: (Kind.SENSOR, Kind.SELECT),
    Type.PRESS: (Kind.BUTTON, Kind.BUTTON),
}
"""What is only read, and what can be set."""
_NO_ID: Final = re.compile(r"[^a-z0-9_-]+")
_LONGEST: Final = 24


@dataclass(frozen=True, slots=True)
class Wired:
    """How actions on one capability are worded to its board."""

    board: str
    described: Described

    def outgoing(self, action: Action, _house: House) -> tuple[Outgoing, ...]:
        """One message, whose payload is the value as JSON."""
        value: Value = action.value
        if action.capability == "power" and self.described.range is not None:
            bounds = self.described.range
            value = bounds.shown(bounds.high if value else bounds.low)
        return (Outgoing(CHANNEL, f"{self.board}/{self.described.name}", json.dumps(value).encode()),)


def board_id(about: About) -> str:
    """What a board is called in ids: its name, and its serial number if it tells one."""
    parts = (_NO_ID.sub("-", each.casefold()).strip("-_")[:_LONGEST] for each in (about.name, about.serial))
    return "-".join(filter(None, parts)) or "board"


def shown(text: str) -> str:
    """A text of a board's as people may see it; none where it hides or turns something, or does not end."""
    return text if displayable(text) and len(text) <= LONGEST_NAME else ""


def entries(about: About, capabilities: Iterable[Described]) -> Iterator[Entry]:
    """The devices of a board. What only happens, such as a button of its own, is none."""
    board = board_id(about)
    for each in capabilities:
        if each.type is not Type.EVENT:
            yield Entry(_device(board, about, each), Wired(board, each))


def states(described: Described, value: Value) -> Iterator[tuple[str, Value]]:
    """What a value of a board's capability says of the device, by the device's capabilities."""
    kind = _kind(described)
    yield _name_of(kind, described), value
    if _has_power(kind, described) and described.range is not None:
        yield "power", value != described.range.shown(described.range.low)


def is_as_asked(described: Described, asked: Value, said: Value) -> bool:
    """Whether a value is what was asked for. A number may be rounded by a step, though not to its lowest, which is off.

    Raises:
        ValueRefusedError: one of them is no value of the capability.
    """
    to, now = described.wire(asked), described.wire(said)
    bounds = described.range
    if bounds is None or to is None or now is None:
        return to == now
    return abs(to - now) <= bounds.step and (to == bounds.low) == (now == bounds.low)


def _device(board: str, about: About, described: Described) -> Device:
    kind, words = _kind(described), described.name.replace("_", " ")
    names = dict.fromkeys((words, f"{shown(about.name)} {words}".strip()))
    return Device(
        f"{board}.{described.name}",
        tuple(Name(each) for each in names),
        kind,
        tuple(_capabilities(kind, described)),
        device_class=described.device_class or None,
        source=SOURCE,
    )


def _kind(described: Described) -> Kind:
    read_only, settable = _BY_TYPE[described.type]
    if described.kind in set(Kind) and described.settable:
        return Kind(described.kind)
    return settable if described.settable else read_only


def _capabilities(kind: Kind, described: Described) -> Iterator[Capability]:
    """With a power of its own, where only a level is told of."""
    if _has_power(kind, described):
        yield _capability("power", Switch(), kind, described)
    yield _capability(_name_of(kind, described), _domain(described), kind, described)


def _capability(name: str, domain: Domain, kind: Kind, described: Described) -> Capability:
    """Dangerous if the board says so, or if what it says it is is so by custom."""
    plain = Capability(name, domain, described.settable, described.readable)
    dangerous, always = guarded(kind, described.device_class or None, plain)
    return replace(plain, dangerous=dangerous, always_dangerous=always or described.dangerous)


def _has_power(kind: Kind, described: Described) -> bool:
    return described.type is Type.NUMBER and described.settable and kind in _WITH_POWER


def _name_of(kind: Kind, described: Described) -> str:
    match described.type:
        case Type.SWITCH:
            return "power" if described.settable else "value"
        case Type.NUMBER:
            return _LEVELS.get(kind, "value")
        case Type.OPTIONS:
            return "state" if kind in {Kind.COVER, Kind.LOCK, Kind.VALVE} else "value"
        case _:
            return "activate"


def _domain(described: Described) -> Domain:
    match described.type:
        case Type.SWITCH:
            return Switch()
        case Type.OPTIONS:
            return Options(described.options)
        case Type.NUMBER if (bounds := described.range) is not None:
            step = bounds.shown(bounds.step)
            return Range(bounds.shown(bounds.low), bounds.shown(bounds.high), step, described.unit)
        case _:
            return Press()

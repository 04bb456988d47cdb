"""From a discovery message to devices of ours: which file reads which component, and what all have in common."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from runtime.commands.registry import standard
from runtime.commands.registry.binding import Binding, Entry
from runtime.commands.registry.devices import Capability, Device, Kind
from runtime.commands.registry.homeassistant.climate import climate
from runtime.commands.registry.homeassistant.cover import cover
from runtime.commands.registry.homeassistant.entity import Entity, Part
from runtime.commands.registry.homeassistant.fan import fan
from runtime.commands.registry.homeassistant.humidifier import humidifier
from runtime.commands.registry.homeassistant.light import light
from runtime.commands.registry.homeassistant.lock import lock
from runtime.commands.registry.homeassistant.message import Config, configs
from runtime.commands.registry.homeassistant.neighbour import Courteous, Thing
from runtime.commands.registry.homeassistant.number import number
from runtime.commands.registry.homeassistant.press import press
from runtime.commands.registry.homeassistant.selection import select
from runtime.commands.registry.homeassistant.sensor import binary_sensor, sensor
from runtime.commands.registry.homeassistant.siren import siren
from runtime.commands.registry.homeassistant.switch import switch
from runtime.commands.registry.homeassistant.valve import valve
from runtime.commands.registry.topics import OursError
from runtime.commands.registry.wiring import Found, Setter, Wired
from runtime.errors import DeviceError

SOURCE: Final = "homeassistant"

_OWN: Final = "inglenook_"
"""How the level begins under which an appliance announces itself to others: its entities are no devices of ours."""

Component = Callable[[Entity], tuple[Part, ...]]

COMPONENTS: Final[Mapping[Kind, Component]] = MappingProxyType(
    {
        Kind.LIGHT: light,
        Kind.SWITCH: switch,
        Kind.FAN: fan,
        Kind.COVER: cover,
        Kind.VALVE: valve,
        Kind.LOCK: lock,
        Kind.CLIMATE: climate,
        Kind.HUMIDIFIER: humidifier,
        Kind.SIREN: siren,
        Kind.NUMBER: number,
        Kind.SELECT: select,
        Kind.SENSOR: sensor,
        Kind.BINARY_SENSOR: binary_sensor,
        Kind.SCENE: press,
        Kind.BUTTON: press,
    }
)
"""What is taken; other components are left alone."""


@dataclass(frozen=True, slots=True)
class Discovered:
    """What came of a message."""

    found: tuple[Found, ...] = ()
    faults: tuple[str, ...] = ()
    """Why entities of it were left out, a sentence each."""


def discovered(prefix: str, topic: str, payload: bytes, most_bytes: int, node: str = "") -> Discovered:
    """The devices that a message tells of; none where it takes them away. Never raises, whatever the message is.

    `node`: who we are. What hangs on our own lines is a device already.
    """
    found: list[Found] = []
    faults: list[str] = []
    try:
        for config in configs(prefix, topic, payload, most_bytes):
            try:
                found += _found(config, node)
            except OursError as exc:
                if f"/{_OWN}" not in topic:
                    faults.append(f"{config.place}: {exc}")
            except DeviceError as exc:
                faults.append(f"{config.place}: {exc}")
    except DeviceError as exc:
        faults.append(str(exc))
    return Discovered(tuple(found), tuple(faults))


def _found(config: Config, node: str) -> tuple[Found, ...]:
    thing = Thing.at(config.place)
    if thing is not None and thing.node == node:
        return ()
    if config.component not in set(Kind) or Kind(config.component) not in COMPONENTS:
        return ()
    kind = Kind(config.component)
    entity = Entity(config, kind)
    if entity.hidden:
        return ()
    parts = COMPONENTS[kind](entity)
    if not parts:
        raise DeviceError("it has no topic by which it is set or read")
    wanted, own = entity.ids
    device = Device(
        wanted,
        entity.names,
        kind,
        tuple(_capability(part, entity) for part in parts),
        device_class=entity.device_class,
        source=SOURCE,
    )
    setters: dict[str, Setter] = {part.name: part.setter for part in parts if part.setter is not None}
    reports = tuple(report for part in parts for report in part.reports)
    binding: Binding = Wired(setters) if thing is None else Courteous(thing, Wired(setters))
    return (Found(Entry(device, binding), reports, entity.presence, entity.area, own),)


def _capability(part: Part, entity: Entity) -> Capability:
    plain = Capability(part.name, part.domain, part.setter is not None, bool(part.reports), part.also_read)
    dangerous, always = standard.guarded(entity.kind, entity.device_class, plain)
    return Capability(
        part.name,
        part.domain,
        plain.settable,
        plain.readable,
        part.also_read,
        dangerous,
        always_dangerous=always,
        by_mode=part.by_mode,
    )

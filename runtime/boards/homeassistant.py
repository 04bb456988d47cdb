"""A board in the words of Home Assistant's MQTT discovery: a message for each thing on it. Values in, messages out.

Topics and keys as in its documentation; `runtime.commands.registry.homeassistant` reads what is written here. Knows no
connection, and no moment.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from firmware_bridge.description import Capability, Type
from firmware_bridge.messages import About
from runtime.boards.classes import fits
from runtime.boards.components import happening, told, used
from runtime.boards.entries import board_id, shown
from runtime.commands.registry.devices import Device, Range
from runtime.commands.registry.homeassistant.neighbour import Thing
from runtime.commands.registry.house import House
from runtime.commands.registry.owned import Owned

_NO_SLUG: Final = re.compile(r"[^a-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Announcer:
    """What is the same for all boards of an appliance."""

    node: str
    appliance: str
    """As which Home Assistant knows the appliance itself."""
    version: str
    guarded: Callable[[Device], bool]
    """Whether some of what a device can be told has to be confirmed, for which Home Assistant has no way."""
    prefix: str = "homeassistant"

    def thing(self, topic: str) -> Thing | None:
        """What on a board of ours a discovery topic is about; None if it is nobody's, or another's."""
        levels = topic.removeprefix(f"{self.prefix}/").split("/")
        thing = Thing.at(".".join(levels[:-1])) if levels[-1] == "config" else None
        return thing if thing is not None and thing.node == self.node else None

    def messages(
        self, about: About, capabilities: Iterable[Capability], house: House, owned: Mapping[str, Owned]
    ) -> dict[str, bytes]:
        """Topics and payloads that show a board: as `house` has its devices, and `owned` what is none."""
        found = {}
        for each in capabilities:
            thing = Thing(self.node, board_id(about), each.name)
            device = house.devices.get(thing.device)
            if each.type is Type.EVENT:
                said = _event(thing, each, owned.get(thing.device))
            elif device is not None:
                said = self._device(thing, each, device, house)
            else:  # its owner left it out
                said = None
            if said is not None:
                component, keys = said
                topic = f"{self.prefix}/{component}/{thing.owner}/{thing.name}/config"
                found[topic] = self._payload(thing, about, component, keys)
        return found

    def _device(
        self, thing: Thing, described: Capability, device: Device, house: House
    ) -> tuple[str, dict[str, Any]] | None:
        settable = described.settable and not self.guarded(device)
        said = used(thing, described, device) if settable else told(thing, device)
        if said is None:
            return None
        component, keys = said
        domain, class_ = device.capabilities[-1].domain, device.device_class or ""
        if fits(component, class_, domain if isinstance(domain, Range) else None):
            keys["device_class"] = class_
        area = house.areas.get(device.area or "")
        return component, {
            "name": device.name,
            "device": {"suggested_area": area.names[0].text} if area and area.names else {},
            **keys,
        }

    def _payload(self, thing: Thing, about: About, component: str, keys: Mapping[str, Any]) -> bytes:
        board = {"identifiers": [thing.owner], "name": shown(about.name) or thing.board}
        board |= {"via_device": self.appliance}
        board |= {"sw_version": about.firmware} if shown(about.firmware) else {}
        board |= {"serial_number": about.serial} if shown(about.serial) else {}
        said = {
            **keys,
            "unique_id": f"{thing.owner}.{thing.name}",
            "default_entity_id": f"{component}.{_NO_SLUG.sub('_', f'{thing.board}_{thing.name}')}",
            "device": board | keys["device"],
            "origin": {"name": "inglenook", "sw_version": self.version},
            "availability": [
                {"topic": thing.appliance_topic, "value_template": "{{ value_json.state }}"},
                {"topic": thing.board_topic},
            ],
            "availability_mode": "all",
            "qos": 1,
        }
        return json.dumps(said, ensure_ascii=False).encode()


def _event(thing: Thing, described: Capability, owned: Owned | None) -> tuple[str, dict[str, Any]] | None:
    """What only happens is no device of the house; its owner may name it, or leave it out, all the same."""
    if owned is not None and owned.ignore:
        return None
    component, keys = happening(thing, described)
    if fits(component, described.device_class):
        keys["device_class"] = described.device_class
    name = owned.names[0].text if owned is not None and owned.names else thing.name.replace("_", " ")
    return component, {"name": name, "device": {}, **keys}

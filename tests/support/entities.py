"""Discovered entities for tests: one message in, then what it is told and what it says."""

import json
from dataclasses import dataclass
from typing import Any

from runtime.commands.meaning import Action
from runtime.commands.registry.devices import Capability, Device, Value
from runtime.commands.registry.homeassistant.discovery import discovered
from runtime.commands.registry.live import Registry
from runtime.commands.registry.wiring import Found

MOST = 1 << 17


@dataclass
class Told:
    """A device in a registry of its own."""

    found: Found
    registry: Registry

    @property
    def device(self) -> Device:
        return self.found.entry.device

    def capability(self, name: str) -> Capability:
        capability = self.device.capability(name)
        assert capability is not None, f"no {name} among {[each.name for each in self.device.capabilities]}"
        return capability

    def sends(self, capability: str, value: Value) -> list[tuple[str, Any]]:
        """Topics and payloads of an action; JSON objects as such."""
        messages = self.registry.outgoing(Action(self.device.id, capability, value))
        assert all(each.channel == "mqtt" and each.qos == 1 for each in messages)
        return [(each.address, _plain(each.payload)) for each in messages]

    def says(self, topic: str, message: object) -> dict[str, Value]:
        """What is known of the device after a message."""
        payload = message if isinstance(message, bytes) else str(message).encode()
        if isinstance(message, dict):
            payload = json.dumps(message).encode()
        for report in self.found.reports:
            if report.topic == topic:
                for value in report.read(payload, lambda name: self.registry.value(self.device.id, name)):
                    self.registry.heard(self.device.id, report.capability, value, 0.0)
        states = self.registry.house.states
        return {name: state.value for (_, name), state in states.items() if self.device.capability(name)}


def told(found: Found) -> Told:
    """A device in a registry of its own."""
    registry = Registry()
    registry.put(found.entry.device.source, found.entry)
    return Told(found, registry)


def entity(component: str, config: dict[str, Any], *, thing: str = "thing") -> Told:
    """The one device that a discovery message makes."""
    came = discovered(
        "homeassistant", f"homeassistant/{component}/{thing}/config", json.dumps(config).encode(), MOST
    )
    assert not came.faults
    (found,) = came.found
    return told(found)


def refusal(component: str, config: object) -> str:
    """Why a discovery message makes no device."""
    payload = config if isinstance(config, bytes) else json.dumps(config).encode()
    came = discovered("homeassistant", f"homeassistant/{component}/thing/config", payload, MOST)
    assert not came.found
    (fault,) = came.faults
    return fault


def _plain(payload: bytes) -> Any:
    text = payload.decode()
    return json.loads(text) if text.startswith("{") else text

"""What this appliance shows of itself: to Home Assistant as a device, to others as a list of what can be commanded.

Values to payloads; no I/O. The keys are those of Home Assistant's device discovery, `homeassistant/device/<id>/config`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from runtime.commands.order import Result, Status
from runtime.commands.registry.homeassistant.neighbour import SENDER
from runtime.commands.registry.house import House
from runtime.mqtt.link import Publication
from runtime.mqtt.results import JSON, encoded
from runtime.mqtt.topics import Topics
from runtime.wire.house import house_told

_LONGEST_STATE: Final = 255
"""Characters of a state there."""


@dataclass(frozen=True, slots=True)
class Gauges:
    """What is measured."""

    tokens_per_second: float
    waiting: int
    """Requests in the queue, of those that run and those that do not."""
    commands_today: int
    temperature: float | None
    """Of the board in degrees Celsius, if it tells."""


@dataclass(frozen=True, slots=True)
class Appliance:
    """One node, as others see it."""

    topics: Topics
    version: str
    prefix: str = "homeassistant"
    commands: bool = True
    """Whether it takes any."""
    temperature: bool = True
    """Whether the board tells its temperature."""

    @property
    def _id(self) -> str:
        return device_id(self.topics.node)

    def discovery(self) -> Publication:
        """The retained message that makes Home Assistant show it."""
        components = dict(self._components())
        config = {
            "device": {
                "identifiers": [self._id],
                "name": f"Inglenook {self.topics.node}",
                "manufacturer": "Inglenook",
                "model": "Inference appliance",
                "sw_version": self.version,
            },
            "origin": {"name": "inglenook", "sw_version": self.version},
            "components": components,
        }
        return Publication(self._config_topic, encoded(config), retain=True, content_type=JSON)

    def withdrawal(self) -> Publication:
        """The message that takes it away again."""
        return Publication(self._config_topic, b"", retain=True)

    @property
    def _config_topic(self) -> str:
        return f"{self.prefix}/device/{self._id}/config"

    def gauges(self, gauges: Gauges) -> Publication:
        """The measurements."""
        said = {
            "tokens_per_second": round(gauges.tokens_per_second, 1),
            "waiting": gauges.waiting,
            "commands_today": gauges.commands_today,
            "temperature": gauges.temperature,
        }
        return Publication(self.topics.sensors, encoded(said), content_type=JSON)

    def event(self, result: Result) -> Publication:
        """What came of a command, as an event."""
        said = {
            "event_type": result.status.value,
            "id": result.order,
            "text": result.text,
            "actions": [str(action) for action in result.actions],
            "route": result.route.value,
        }
        return Publication(self.topics.event, encoded(said), content_type=JSON)

    def registry(self, house: House) -> Publication:
        """The retained list of areas and devices."""
        said = {"node": self.topics.node, **house_told(house)}
        return Publication(self.topics.registry, encoded(said), retain=True, content_type=JSON)

    def _components(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """By their names, which Home Assistant knows them by from then on."""
        topics = self.topics
        # Diagnostic all of them, which also keeps appliances from taking each other for devices to be spoken of.
        measured = {"state_class": "measurement", "entity_category": "diagnostic"}
        yield self._gauge(
            "tokens_per_second", "Tokens per second", unit_of_measurement="tokens/s", **measured
        )
        yield self._gauge("waiting", "Queue", **measured)
        if self.temperature:
            degrees = {"device_class": "temperature", "unit_of_measurement": "°C"}
            yield self._gauge("temperature", "Board temperature", **degrees, **measured)
        yield self._component(
            "sensor",
            "model",
            "Model",
            state_topic=topics.status,
            value_template="{{ value_json.model }}",
            entity_category="diagnostic",
        )
        yield self._component(
            "sensor",
            "answer",
            "Answer",
            state_topic=topics.result,
            value_template=f"{{{{ (value_json.text | default(value_json.error.message))[:{_LONGEST_STATE}] }}}}",
            json_attributes_topic=topics.result,
            entity_category="diagnostic",
        )
        yield self._component(
            "text",
            "prompt",
            "Question",
            command_topic=topics.chat,
            command_template='{"id": "homeassistant", "prompt": {{ value | to_json }}}',
        )
        yield self._component(
            "binary_sensor",
            "online",
            "Online",
            available=True,
            state_topic=topics.status,
            value_template="{{ value_json.state }}",
            payload_on="online",
            payload_off="offline",
            device_class="connectivity",
            entity_category="diagnostic",
        )
        if self.commands:
            yield from self._commanding()

    def _commanding(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        commands = f"{self.topics.command}/from/{SENDER}"
        counted = {"state_class": "total_increasing", "entity_category": "diagnostic"}
        yield self._gauge("commands_today", "Commands today", **counted)
        yield self._component("text", "command", "Command", command_topic=commands)
        yield self._component("notify", "tell", "Tell a command", command_topic=commands)
        yield self._component(
            "event",
            "commands",
            "Commands",
            state_topic=self.topics.event,
            event_types=[each.value for each in Status],
        )

    def _gauge(self, name: str, words: str, **more: Any) -> tuple[str, Mapping[str, Any]]:
        template = f"{{{{ value_json.{name} }}}}"
        return self._component(
            "sensor", name, words, state_topic=self.topics.sensors, value_template=template, **more
        )

    def _component(
        self, platform: str, name: str, words: str, *, available: bool = False, **more: Any
    ) -> tuple[str, Mapping[str, Any]]:
        """One entity; `available` even while the appliance is not."""
        availability = {
            "availability_topic": self.topics.status,
            "availability_template": "{{ value_json.state }}",
        }
        return name, {
            "platform": platform,
            "name": words,
            "unique_id": f"{self._id}_{name}",
            "default_entity_id": f"{platform}.{self._id}_{name}",
            **({} if available else availability),
            **more,
        }


def device_id(node: str) -> str:
    """As which Home Assistant knows an appliance."""
    return f"inglenook_{re.sub('[^a-z0-9_]', '_', node.lower())}"

"""Home Assistant as far as MQTT goes: what an entity of a discovery message sends, and what it makes of a state.

Templates run in Jinja's own sandbox with the filters that Home Assistant adds, not in ours; keys mean what its
documentation says. What it would refuse is an assertion.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

_DEFAULTS: Final = {
    "payload_on": "ON",
    "payload_off": "OFF",
    "payload_press": "PRESS",
    "payload_open": "OPEN",
    "payload_close": "CLOSE",
    "payload_stop": "STOP",
    "payload_lock": "LOCK",
    "payload_unlock": "UNLOCK",
}

_jinja = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
_jinja.filters["to_json"] = lambda value: json.dumps(value, ensure_ascii=False)


def render(template: str, **variables: Any) -> str:
    """As Home Assistant does: the ends of what comes out are stripped."""
    return _jinja.from_string(template).render(**variables).strip()


class Entity:
    """One entity."""

    def __init__(self, topic: str, payload: bytes) -> None:
        self.component = topic.split("/")[-4]
        self.config: dict[str, Any] = json.loads(payload)
        assert self.config["default_entity_id"].startswith(f"{self.component}.")

    def __getitem__(self, key: str) -> Any:
        return self.config.get(key, _DEFAULTS.get(key))

    def send(self, what: str, value: Any = None) -> str:
        """The payload for its command topic: `on`, `off`, `press`, `open`..., or `set` to a value."""
        variables = {"value": self[f"payload_{what}"] if value is None else value}
        match self.component, what:
            case "light", _:
                template = f"command_{what}_template"
                variables = {"state": what} | ({} if value is None else {"brightness": value})
            case "fan", "set":
                assert self["speed_range_min"] <= value <= self["speed_range_max"] or value == 0
                template = "percentage_command_template"
            case "cover", "set":
                template, variables = "set_position_template", {"position": value, "value": value}
            case "fan", "on" | "off":
                template = "command_template"
            case _, "set":
                assert value in (self["options"] or [value])
                template = "command_template"
            case _:
                assert isinstance(variables["value"], str)
                return variables["value"]
        return render(self[template], **variables)

    def everything(self) -> Iterator[str]:
        """A payload of each sort that it can send."""
        verbs = () if self["reports_position"] else _VERBS.get(self.component, ())  # else by positions alone
        for what in verbs:
            if self[f"payload_{what}"] is not None:
                yield self.send(what)
        for value in self._values():
            yield self.send("on" if self.component == "light" else "set", value)

    def _values(self) -> Iterator[Any]:
        match self.component:
            case "light" if self["brightness_template"]:
                yield from (1, 2, 77, 128, 254, 255)
            case "fan" if self["percentage_command_topic"]:
                top = self["speed_range_max"]
                yield from (0, 1, top // 2, top)
            case "cover" if self["set_position_topic"]:
                yield from (0, 1, 50, 100)
            case "valve" if self["reports_position"]:
                yield from (0, 1, 50, 100)
            case "number":
                assert self["step"] >= 0.001
                yield from (self["min"], self["max"])
            case "select":
                yield from self["options"]

    def shows(self, payload: str, key: str = "value_template") -> str:
        """What a template makes of what was said."""
        return render(self[key], value=payload, value_json=json.loads(payload))


_VERBS: Final = {
    "light": ("on", "off"),
    "switch": ("on", "off"),
    "fan": ("on", "off"),
    "scene": ("on",),
    "button": ("press",),
    "cover": ("open", "close", "stop"),
    "valve": ("open", "close"),
    "lock": ("lock", "unlock"),
}


class HomeAssistant:
    """All that it has heard on a broker: which entities there are, whether each is available, and how it is."""

    def __init__(self) -> None:
        self.heard: dict[str, bytes] = {}
        """The last on each topic; an empty payload is nothing."""
        self.count: Counter[str] = Counter()

    def hear(self, topic: str, payload: bytes) -> None:
        self.count[topic] += 1
        if payload:
            self.heard[topic] = payload
        else:
            self.heard.pop(topic, None)

    def entity(self, component: str, name: str) -> Entity | None:
        """The entity of that component whose topic has that name."""
        for topic, payload in self.heard.items():
            if topic.startswith(f"homeassistant/{component}/") and topic.endswith(f"/{name}/config"):
                return Entity(topic, payload)
        return None

    def available(self, entity: Entity) -> bool:
        """As `availability` says, with mode all."""
        assert entity["availability_mode"] == "all"
        said = [self._said(each["topic"], each.get("value_template")) for each in entity["availability"]]
        return said == ["online"] * len(said)

    def state(self, entity: Entity, key: str = "value_template", topic: str = "state_topic") -> str | None:
        """What a template makes of what was said last."""
        said = self.heard.get(entity[topic])
        return None if said is None else entity.shows(said.decode(), key)

    def _said(self, topic: str, template: str | None) -> str | None:
        payload = self.heard.get(topic, b"").decode()
        if template is None or not payload:
            return payload
        return render(template, value=payload, value_json=json.loads(payload))

"""What Home Assistant is told of one thing on a board: which component it is, by which words and templates it is used.

Values to keys; no I/O. Whatever a board says is a value in JSON here, never part of a template: names are of letters,
digits and `_`, ids likewise, and bounds are numbers. Components and their keys as in Home Assistant's MQTT
documentation.
"""

import json
from typing import Any, Final

from firmware_bridge.description import Capability
from runtime.commands.registry.devices import Device, Kind, Options, Press, Range, Switch, Value
from runtime.commands.registry.homeassistant.neighbour import Thing

Keys = dict[str, Any]
PRESSED: Final = "pressed"
"""The type of an event that has none."""
_FINEST: Final = 0.001
"""The smallest step of a number that Home Assistant takes."""
_COUNT: Final = 255
"""Home Assistant counts a brightness from 1 to this."""
_NOW: Final = "value_json.value"
_OPENINGS: Final = frozenset({"open", "closed", "stopped"})
_LOCK: Final = frozenset({"locked", "unlocked"})


def happening(thing: Thing, described: Capability) -> tuple[str, Keys]:
    """What only happens."""
    types = list(described.options) or [PRESSED]
    template = f"{{{{ {{'event_type': {_NOW} or '{PRESSED}'}} | to_json }}}}"
    return "event", {"state_topic": thing.topic, "value_template": template, "event_types": types}


def told(thing: Thing, device: Device) -> tuple[str, Keys] | None:
    """What is only read; None where there is nothing to read."""
    main = device.capabilities[-1]
    if not main.readable:
        return None
    state: Keys = {"state_topic": thing.topic}
    match main.domain:
        case Switch():
            words = {"payload_on": "on", "payload_off": "off"}
            return "binary_sensor", state | words | {"value_template": f"{{{{ 'on' if {_NOW} else 'off' }}}}"}
        case Range(unit=unit):
            measured = {"state_class": "measurement"} | ({"unit_of_measurement": unit} if unit else {})
            return "sensor", state | measured | {"value_template": f"{{{{ {_NOW} }}}}"}
        case Options(values) if _plain(values):
            listed = {"device_class": "enum", "options": list(values)}
            return "sensor", state | listed | {"value_template": f"{{{{ {_NOW} }}}}"}
        case _:
            return None


def used(thing: Thing, described: Capability, device: Device) -> tuple[str, Keys] | None:
    """What can be told to be so; None where Home Assistant has nothing like it."""
    main = device.capabilities[-1]
    to: Keys = {"command_topic": thing.command_topic}
    match main.domain:
        case Press() if device.kind is Kind.SCENE:
            return "scene", to | {"payload_on": _order(thing, main.name, None)}
        case Press():
            return "button", to | {"payload_press": _order(thing, main.name, None)}
        case Switch():
            return _switch(thing, device, to, readable=main.readable)
        case Range() as range_:
            numbers = _Numbers(thing, main.name, range_, described)
            return _number(thing, device, numbers, to, readable=main.readable)
        case Options(values) if _plain(values):
            return _options(thing, device, values, to, readable=main.readable)
        case _:
            return None


def _switch(thing: Thing, device: Device, to: Keys, *, readable: bool) -> tuple[str, Keys]:
    state = f"{{{{ 'on' if {_NOW} else 'off' }}}}"
    if device.kind is Kind.LIGHT:
        keys = to | {"schema": "template"} | _on_and_off(thing)
        return "light", keys | _said(thing, state_template=state, readable=readable)
    if device.kind is Kind.FAN:
        return "fan", _fan_power(thing, to) | _said(thing, state_value_template=state, readable=readable)
    words = {"payload_on": _order(thing, "power", True), "payload_off": _order(thing, "power", False)}
    states = {"state_on": "on", "state_off": "off"}
    return "switch", to | words | states | _said(thing, value_template=state, readable=readable)


class _Numbers:
    """The words for a number: as the board has it, as a part of its range, as one of its steps."""

    def __init__(self, thing: Thing, name: str, range_: Range, described: Capability) -> None:
        self.range = range_
        self._thing, self._name = thing, name
        self._decimals = max(0, -described.range.scale) if described.range else 0
        self.low, self.span = json.dumps(range_.low), json.dumps(range_.high - range_.low)
        self.step = json.dumps(range_.step)
        self.steps = int((range_.high - range_.low) / range_.step + 1e-9)

    def order(self, expression: str) -> str:
        """The template of an order to be what an expression says."""
        return _order_of(self._thing, self._name, f"{{{{ {expression} }}}}")

    def of_part(self, variable: str, whole: int) -> str:
        """The number that is so many of a `whole` of the range."""
        return f"({self.low} + {variable} / {whole} * {self.span}) | round({self._decimals})"

    @property
    def dimmed(self) -> str:
        """The number for a brightness: a step above the lowest at least, since what is a little is not nothing."""
        least = json.dumps(self.range.low + self.range.step)
        number = f"{self.low} + brightness / {_COUNT} * {self.span}"
        return f"[{number}, {least}] | max | round({self._decimals})"

    def part(self, whole: int) -> str:
        """The template of how many of a `whole` of the range it is now."""
        return f"{{{{ (({_NOW} - {self.low}) / {self.span} * {whole}) | round | int }}}}"

    @property
    def of_step(self) -> str:
        """The number that is so many steps up."""
        return f"({self.low} + value * {self.step}) | round({self._decimals})"

    @property
    def stepped(self) -> str:
        """The template of how many steps up it is now."""
        return f"{{{{ (({_NOW} - {self.low}) / {self.step}) | round | int }}}}"

    @property
    def on(self) -> str:
        """The template of whether it is on: above its lowest."""
        return f"{{{{ 'on' if {_NOW} > {self.low} else 'off' }}}}"


def _number(thing: Thing, device: Device, numbers: _Numbers, to: Keys, *, readable: bool) -> tuple[str, Keys]:
    match device.kind:
        case Kind.LIGHT:
            keys = to | {"schema": "template", "brightness_template": numbers.part(_COUNT)}
            keys |= _on_and_off(thing, numbers.order(numbers.dimmed))
            return "light", keys | _said(thing, state_template=numbers.on, readable=readable)
        case Kind.FAN if numbers.steps > 1:
            speeds = {
                "percentage_command_topic": thing.command_topic,
                "percentage_command_template": numbers.order(numbers.of_step),
                "speed_range_min": 1,
                "speed_range_max": numbers.steps,
            }
            said = {"percentage_state_topic": thing.topic, "percentage_value_template": numbers.stepped}
            keys = _fan_power(thing, to) | speeds | (said if readable else {})
            return "fan", keys | _said(thing, state_value_template=numbers.on, readable=readable)
        case Kind.COVER:
            low, high = numbers.range.low, numbers.range.high
            keys = to | {
                "payload_open": _order(thing, "position", high),
                "payload_close": _order(thing, "position", low),
                "payload_stop": None,
                "set_position_topic": thing.command_topic,
                "set_position_template": numbers.order(numbers.of_part("position", 100)),
            }
            said = {"position_topic": thing.topic, "position_template": numbers.part(100)}
            return "cover", keys | (said if readable else {})
        case Kind.VALVE:
            order = {
                "command_template": numbers.order(numbers.of_part("value", 100)),
                "reports_position": True,
            }
            said = _said(thing, value_template=numbers.part(100), readable=readable)
            return "valve", to | order | said
        case _:
            range_ = numbers.range
            bounds = {
                "min": range_.low,
                "max": range_.high,
                "step": max(range_.step, _FINEST),
                "mode": "auto",
            }
            unit = {"unit_of_measurement": range_.unit} if range_.unit else {}
            keys = to | bounds | unit | {"command_template": numbers.order("value | to_json")}
            return "number", keys | _said(thing, value_template=f"{{{{ {_NOW} }}}}", readable=readable)


def _options(
    thing: Thing, device: Device, values: tuple[str, ...], to: Keys, *, readable: bool
) -> tuple[str, Keys]:
    name, there = device.capabilities[-1].name, frozenset(values)
    said = _said(thing, value_template=f"{{{{ {_NOW} }}}}", readable=readable)
    if device.kind in {Kind.COVER, Kind.VALVE} and {"open", "closed"} <= there <= _OPENINGS:
        words: Keys = {
            "payload_open": _order(thing, name, "open"),
            "payload_close": _order(thing, name, "closed"),
        }
        if "stopped" in there:
            words["payload_stop"] = _order(thing, name, "stopped")
        elif device.kind is Kind.COVER:
            words["payload_stop"] = None
        return device.kind.value, to | words | said
    if device.kind is Kind.LOCK and there == _LOCK:
        words = {
            "payload_lock": _order(thing, name, "locked"),
            "payload_unlock": _order(thing, name, "unlocked"),
            "state_locked": "locked",
            "state_unlocked": "unlocked",
        }
        return "lock", to | words | said
    order = _order_of(thing, name, "{{ value | to_json }}")
    return "select", to | {"options": list(values), "command_template": order} | said


def _on_and_off(thing: Thing, dimmed: str | None = None) -> Keys:
    """What a light is told: on as it was told last or all of it, `dimmed`, off."""
    on, off = _order(thing, "power", True), _order(thing, "power", False)
    if dimmed is not None:
        on = f"{{% if brightness is defined %}}{dimmed}{{% else %}}{on}{{% endif %}}"
    return {"command_on_template": on, "command_off_template": off}


def _fan_power(thing: Thing, to: Keys) -> Keys:
    """A fan says how it is by the words by which it is told."""
    order = _order_of(thing, "power", "{{ (value == 'on') | to_json }}")
    return to | {"payload_on": "on", "payload_off": "off", "command_template": order}


def _said(thing: Thing, *, readable: bool, **template: str) -> Keys:
    return {"state_topic": thing.topic, **template} if readable else {}


def _order(thing: Thing, capability: str, value: Value) -> str:
    return _order_of(thing, capability, json.dumps(value))


def _order_of(thing: Thing, capability: str, value: str) -> str:
    """An order with a value, or what becomes one; a name and an id are of letters that mean nothing in templates."""
    return f'{{"device": "{thing.device}", "capability": "{capability}", "value": {value}}}'


def _plain(options: tuple[str, ...]) -> bool:
    """Whether they survive a template, which strips the ends of what it says."""
    return all(each == each.strip() for each in options)

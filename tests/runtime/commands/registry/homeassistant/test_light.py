"""Lights of all three schemas: what they become, what they are sent, what they are understood to say."""

import pytest

from runtime.commands.registry.devices import Kind, Options, Range
from tests.support.entities import entity, refusal

DEFAULT = {
    "name": "Office",
    "state_topic": "office/state",
    "command_topic": "office/set",
    "brightness_state_topic": "office/brightness",
    "brightness_command_topic": "office/brightness/set",
    "color_temp_state_topic": "office/ct",
    "color_temp_command_topic": "office/ct/set",
    "rgb_state_topic": "office/rgb",
    "rgb_command_topic": "office/rgb/set",
    "effect_state_topic": "office/effect",
    "effect_command_topic": "office/effect/set",
    "effect_list": ["rainbow", "fire"],
    "state_value_template": "{{ value_json.state }}",
    "brightness_value_template": "{{ value_json.brightness }}",
    "payload_on": "ON",
    "payload_off": "OFF",
    "optimistic": False,
    "qos": 0,
}


def test_the_default_schema_becomes_a_light() -> None:
    light = entity("light", DEFAULT)
    assert light.device.kind is Kind.LIGHT
    assert light.device.name == "Office"
    names = [each.name for each in light.device.capabilities]
    assert names == ["power", "brightness", "color_temperature", "color", "effect"]
    assert light.capability("effect").domain == Options(("rainbow", "fire"))
    assert not any(each.dangerous or each.always_dangerous for each in light.device.capabilities)


def test_the_default_schema_is_switched() -> None:
    light = entity("light", DEFAULT)
    assert light.sends("power", True) == [("office/set", "ON")]
    assert light.sends("power", False) == [("office/set", "OFF")]


@pytest.mark.parametrize(
    ("way", "sent"),
    [
        ("last", [("office/brightness/set", "128"), ("office/set", "ON")]),
        ("first", [("office/set", "ON"), ("office/brightness/set", "128")]),
        ("brightness", [("office/brightness/set", "128")]),
    ],
)
def test_what_is_set_switches_the_light_on_as_the_device_wants_it(
    way: str, sent: list[tuple[str, str]]
) -> None:
    light = entity("light", DEFAULT | {"on_command_type": way})
    assert light.sends("brightness", 50) == sent
    assert light.sends("brightness", 0) == [("office/set", "OFF")]


def test_a_light_that_is_switched_on_by_brightness_comes_back_as_it_was() -> None:
    light = entity("light", DEFAULT | {"on_command_type": "brightness"})
    assert light.sends("power", True) == [("office/brightness/set", "255")]
    light.says("office/brightness", {"brightness": 51})
    assert light.sends("power", True) == [("office/brightness/set", "51")]
    assert light.sends("power", False) == [("office/set", "OFF")]


def test_a_little_is_not_nothing() -> None:
    light = entity("light", DEFAULT | {"brightness_scale": 20})
    assert light.capability("brightness").domain == Range(0, 100, 5, "%")
    assert light.sends("brightness", 1)[0] == ("office/brightness/set", "1")


def test_the_default_schema_is_understood() -> None:
    light = entity("light", DEFAULT)
    light.says("office/state", {"state": "ON"})
    light.says("office/brightness", {"brightness": 128})
    light.says("office/ct", 250)
    light.says("office/rgb", "250,5,0")
    known = light.says("office/effect", "fire")
    assert known == {
        "power": True,
        "brightness": 50,
        "color_temperature": 4000,
        "color": "red",
        "effect": "fire",
    }


def test_what_is_set_reads_back_the_same() -> None:
    light = entity("light", DEFAULT)
    for percent in range(101):
        sent = [payload for topic, payload in light.sends("brightness", percent) if topic.endswith("ess/set")]
        assert (
            not sent or light.says("office/brightness", {"brightness": int(sent[0])})["brightness"] == percent
        )


@pytest.mark.parametrize(
    ("keys", "value", "sent"),
    [
        ({}, 4000, "250"),
        ({"color_temp_kelvin": True}, 4000, "4000"),
        ({"color_temp_command_template": "{{ value * 2 }}"}, 4000, "500"),
    ],
)
def test_whites_are_counted_as_the_device_does(keys: dict[str, object], value: float, sent: str) -> None:
    assert entity("light", DEFAULT | keys).sends("color_temperature", value)[0] == ("office/ct/set", sent)


def test_whites_end_where_the_device_says() -> None:
    assert entity("light", DEFAULT | {"min_mireds": 250, "max_mireds": 500}).capability(
        "color_temperature"
    ).domain == Range(2000, 4000, 50, "K")
    kelvin = {"min_kelvin": 2210, "max_kelvin": 6000, "color_temp_kelvin": True}
    assert entity("light", DEFAULT | kelvin).capability("color_temperature").domain == Range(
        2210, 6000, 1, "K"
    )


def test_whites_that_are_set_read_back_as_near_as_they_are_counted() -> None:
    light = entity("light", DEFAULT)
    for kelvin in range(2000, 6500, 50):
        sent = light.sends("color_temperature", kelvin)[0][1]
        heard = light.says("office/ct", sent)["color_temperature"]
        assert isinstance(heard, float)
        assert abs(heard - kelvin) <= 25


@pytest.mark.parametrize(
    ("form", "template", "sent"),
    [
        ("rgb", None, "255,0,0"),
        ("rgb", "{{ '#%02x%02x%02x' | format(red, green, blue) }}", "#ff0000"),
        ("hs", None, "0.0,100.0"),
        ("hs", "{{ hue }}/{{ sat }}", "0.0/100.0"),
        ("xy", None, "0.6401,0.33"),
    ],
)
def test_colors_are_said_as_the_device_counts_them(form: str, template: str | None, sent: str) -> None:
    config: dict[str, object] = {"command_topic": "l/set", f"{form}_command_topic": "l/color/set"}
    config |= {f"{form}_command_template": template} if template else {}
    assert entity("light", config).sends("color", "red") == [("l/color/set", sent), ("l/set", "ON")]


JSON = {
    "schema": "json",
    "name": "Porch",
    "state_topic": "porch",
    "command_topic": "porch/set",
    "brightness": True,
    "supported_color_modes": ["color_temp", "xy"],
    "effect": True,
    "effect_list": ["blink"],
}


def test_the_json_schema_is_sent_objects() -> None:
    light = entity("light", JSON)
    assert light.sends("power", True) == [("porch/set", {"state": "ON"})]
    assert light.sends("power", False) == [("porch/set", {"state": "OFF"})]
    assert light.sends("brightness", 40) == [("porch/set", {"state": "ON", "brightness": 102})]
    assert light.sends("brightness", 0) == [("porch/set", {"state": "OFF"})]
    assert light.sends("color_temperature", 5000) == [("porch/set", {"state": "ON", "color_temp": 200})]
    assert light.sends("color", "red") == [("porch/set", {"state": "ON", "color": {"x": 0.6401, "y": 0.33}})]
    assert light.sends("effect", "blink") == [("porch/set", {"state": "ON", "effect": "blink"})]


def test_the_json_schema_is_understood_as_far_as_it_says_something() -> None:
    light = entity("light", JSON)
    assert light.says("porch", {"state": "ON"}) == {"power": True}
    known = light.says("porch", {"brightness": 102, "color_temp": 200, "color": {"x": 0.15, "y": 0.07}})
    assert known == {"power": True, "brightness": 40, "color_temperature": 5000, "color": "blue"}
    assert light.says("porch", {"state": "OFF", "color_temp": None})["power"] is False
    assert "color_temperature" not in light.says("porch", {"color_temp": None})


def test_a_json_light_that_only_switches_has_no_brightness() -> None:
    light = entity("light", {"schema": "json", "command_topic": "a", "supported_color_modes": ["onoff"]})
    assert [each.name for each in light.device.capabilities] == ["power"]


TEMPLATE = {
    "schema": "template",
    "command_topic": "rgb/set",
    "state_topic": "rgb",
    "command_on_template": (
        "on,{{ brightness|d }},{{ red|d }}-{{ green|d }}-{{ blue|d }},{{ color_temp|d }},{{ effect|d }}"
    ),
    "command_off_template": "off",
    "state_template": "{{ value.split(',')[0] }}",
    "brightness_template": "{{ value.split(',')[1] }}",
    "red_template": "{{ 0 }}",
    "green_template": "{{ 0 }}",
    "blue_template": "{{ 0 }}",
    "color_temp_template": "{{ value.split(',')[3] }}",
    "effect_list": ["a"],
}


def test_the_template_schema_is_written_by_its_templates() -> None:
    light = entity("light", TEMPLATE)
    assert light.sends("power", True) == [("rgb/set", "on,,--,,")]
    assert light.sends("power", False) == [("rgb/set", "off")]
    assert light.sends("brightness", 100) == [("rgb/set", "on,255,--,,")]
    assert light.sends("brightness", 0) == [("rgb/set", "off")]
    assert light.sends("color", "blue") == [("rgb/set", "on,,0-0-255,,")]
    assert light.sends("color_temperature", 4000) == [("rgb/set", "on,,--,250,")]
    assert light.sends("effect", "a") == [("rgb/set", "on,,--,,a")]


def test_the_template_schema_is_read_by_its_templates() -> None:
    light = entity("light", TEMPLATE)
    assert light.says("rgb", "on,51,,250") == {"power": True, "brightness": 20, "color_temperature": 4000}


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"schema": "template", "command_topic": "a"}, "on and off templates"),
        ({"schema": "morse", "command_topic": "a"}, "'morse'"),
        ({"name": "x"}, "no topic"),
        ({"command_topic": "a", "on_command_type": "never"}, "on_command_type"),
        ({"command_topic": "a", "brightness_scale": 0}, "brightness_scale"),
        ({"command_topic": "a", "min_mireds": 0}, "mireds"),
        ({"command_topic": "a", "min_kelvin": 0}, "min_kelvin"),
        (
            {"command_topic": "a", "brightness_command_template": "{{", "brightness_command_topic": "b"},
            "template",
        ),
        ({"command_topic": ["a"]}, "command_topic"),
    ],
)
def test_what_cannot_be_a_light_is_left_out_with_a_reason(config: dict[str, object], why: str) -> None:
    assert why in refusal("light", config)

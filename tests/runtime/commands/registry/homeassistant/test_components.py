"""The other components: what they become, what they are sent, what they are understood to say."""

import pytest

from runtime.commands.registry.devices import Kind, Options, Press, Range, Switch, Text
from runtime.errors import DeviceError
from tests.support.entities import entity, refusal


def test_a_switch() -> None:
    config = {
        "name": "Pump",
        "command_topic": "pump/set",
        "state_topic": "pump",
        "payload_on": True,
        "payload_off": "0",
        "state_on": "running",
        "state_off": "idle",
        "value_template": "{{ value_json.now }}",
        "command_template": "{{ value }}!",
    }
    switch = entity("switch", config)
    assert switch.device.kind is Kind.SWITCH
    assert switch.sends("power", True) == [("pump/set", "True!")]
    assert switch.sends("power", False) == [("pump/set", "0!")]
    assert switch.says("pump", {"now": "running"}) == {"power": True}
    assert switch.says("pump", {"now": "idle"}) == {"power": False}
    assert switch.says("pump", {"now": ""}) == {"power": False}, "an empty word says nothing"
    assert switch.says("pump", {"now": None}) == {}


FAN = {
    "name": "Bedroom Fan",
    "state_topic": "fan/on/state",
    "command_topic": "fan/on/set",
    "direction_state_topic": "fan/direction/state",
    "direction_command_topic": "fan/direction/set",
    "oscillation_state_topic": "fan/oscillation/state",
    "oscillation_command_topic": "fan/oscillation/set",
    "percentage_state_topic": "fan/percentage/state",
    "percentage_command_topic": "fan/percentage",
    "preset_mode_state_topic": "fan/preset/state",
    "preset_mode_command_topic": "fan/preset",
    "preset_modes": ["auto", "eco"],
    "payload_on": "true",
    "payload_off": "false",
    "speed_range_min": 1,
    "speed_range_max": 10,
}


def test_a_fan() -> None:
    fan = entity("fan", FAN)
    assert [each.name for each in fan.device.capabilities] == [
        *("power", "speed", "preset", "oscillation", "direction"),
    ]
    assert fan.sends("power", True) == [("fan/on/set", "true")]
    assert fan.sends("speed", 100) == [("fan/percentage", "10")]
    assert fan.capability("speed").domain == Range(0, 100, 10, "%")
    assert fan.sends("speed", 31) == [("fan/percentage", "3")]
    assert fan.sends("speed", 1) == [("fan/percentage", "1")]
    assert fan.sends("speed", 0) == [("fan/on/set", "false")]
    assert fan.sends("preset", "eco") == [("fan/preset", "eco")]
    assert fan.sends("oscillation", True) == [("fan/oscillation/set", "oscillate_on")]
    assert fan.sends("direction", "reverse") == [("fan/direction/set", "reverse")]
    assert fan.says("fan/on/state", "true") == {"power": True}
    assert fan.says("fan/percentage/state", "4")["speed"] == 40
    assert fan.says("fan/percentage/state", "0")["speed"] == 0
    assert "speed" not in fan.says("fan/percentage/state", "None")
    assert fan.says("fan/preset/state", "auto")["preset"] == "auto"
    assert fan.says("fan/oscillation/state", "oscillate_off")["oscillation"] is False
    assert fan.says("fan/direction/state", "forward")["direction"] == "forward"


def test_a_fan_with_templates() -> None:
    worded = {
        "percentage_command_template": '{ "speed": {{ value }} }',
        "state_value_template": "{{ value_json.s }}",
    }
    fan = entity("fan", FAN | worded)
    assert fan.sends("speed", 50) == [("fan/percentage", {"speed": 5})]
    assert fan.says("fan/on/state", {"s": "false"}) == {"power": False}


CLIMATE = {
    "name": "Study",
    "modes": ["off", "cool", "fan_only"],
    "fan_modes": ["high", "medium", "low"],
    "preset_modes": ["eco", "sleep"],
    "mode_command_topic": "study/ac/mode/set",
    "mode_command_template": "{{ value if value != 'off' else 'stop' }}",
    "mode_state_topic": "study/ac/mode/state",
    "temperature_command_topic": "study/ac/temperature/set",
    "temperature_state_topic": "study/ac/temperature/state",
    "current_temperature_topic": "study/ac/temperature/now",
    "current_temperature_template": "{{ value_json.t }}",
    "fan_mode_command_topic": "study/ac/fan/set",
    "preset_mode_command_topic": "study/ac/preset/set",
    "swing_mode_command_topic": "study/ac/swing/set",
    "target_humidity_command_topic": "study/ac/humidity/set",
    "current_humidity_topic": "study/ac/humidity/now",
    "min_temp": 16,
    "max_temp": 30,
    "temp_step": 0.5,
}


def test_a_climate() -> None:
    climate = entity("climate", CLIMATE)
    assert climate.capability("temperature").domain == Range(16, 30, 0.5, "°C")
    assert climate.capability("mode").domain == Options(("off", "cool", "fan_only"))
    assert not climate.capability("current_temperature").settable
    assert not climate.capability("fan_mode").readable
    assert climate.sends("temperature", 21.5) == [("study/ac/temperature/set", "21.5")]
    assert climate.sends("temperature", 21.6) == [("study/ac/temperature/set", "21.5")], "to its step"
    assert climate.sends("temperature", 22) == [("study/ac/temperature/set", "22")]
    assert climate.sends("mode", "off") == [("study/ac/mode/set", "stop")]
    assert climate.sends("power", False) == [("study/ac/mode/set", "stop")]
    assert climate.sends("fan_mode", "low") == [("study/ac/fan/set", "low")]
    assert climate.sends("preset", "eco") == [("study/ac/preset/set", "eco")]
    assert climate.sends("swing", "on") == [("study/ac/swing/set", "on")]
    assert climate.sends("humidity", 45) == [("study/ac/humidity/set", "45")]


def test_a_climate_goes_on_as_it_ran_last_and_never_as_nobody_chose() -> None:
    climate = entity("climate", CLIMATE | {"modes": ["off", "heat", "cool", "dry"]})
    with pytest.raises(DeviceError, match="say which mode it is to be in, heat or cool or dry"):
        climate.sends("power", True)
    climate.says("study/ac/mode/state", "cool")
    assert climate.sends("power", True) == [("study/ac/mode/set", "cool")]
    climate.says("study/ac/mode/state", "dry")
    climate.says("study/ac/mode/state", "off")
    assert climate.sends("power", True) == [("study/ac/mode/set", "dry")]
    either = entity("climate", CLIMATE | {"modes": ["off", "heat", "auto"]})
    assert either.sends("power", True) == [("study/ac/mode/set", "auto")]
    alone = entity("climate", CLIMATE | {"modes": ["off", "heat"]})
    assert alone.sends("power", True) == [("study/ac/mode/set", "heat")]


def test_a_climate_says_how_it_is() -> None:
    climate = entity("climate", CLIMATE)
    assert climate.says("study/ac/mode/state", "cool") == {"power": True, "mode": "cool"}
    assert climate.says("study/ac/mode/state", "off") == {"power": False, "mode": "off"}
    assert climate.says("study/ac/temperature/now", {"t": 23.4})["current_temperature"] == 23.4
    assert climate.says("study/ac/temperature/state", "21.0")["temperature"] == 21
    assert climate.says("study/ac/humidity/now", "55")["current_humidity"] == 55


def test_a_climate_with_a_topic_for_its_power_is_switched_there() -> None:
    climate = entity("climate", CLIMATE | {"power_command_topic": "study/power"})
    assert climate.sends("power", True) == [("study/power", "ON")]


def test_a_climate_in_fahrenheit() -> None:
    climate = entity("climate", {"temperature_command_topic": "a", "temperature_unit": "F"})
    assert climate.capability("temperature").domain == Range(45, 95, 1, "°F")


def test_a_temperature_that_is_out_of_range_is_not_sent() -> None:
    with pytest.raises(DeviceError, match="16 to 30"):
        entity("climate", CLIMATE).sends("temperature", 31)


def test_a_humidifier() -> None:
    config = {
        "device_class": "humidifier",
        "state_topic": "h/on/state",
        "command_topic": "h/on/set",
        "target_humidity_command_topic": "h/humidity/set",
        "target_humidity_state_topic": "h/humidity/state",
        "current_humidity_topic": "h/humidity",
        "mode_command_topic": "h/mode/set",
        "mode_state_topic": "h/mode",
        "modes": ["normal", "sleep"],
        "min_humidity": 30,
        "max_humidity": 80,
    }
    humidifier = entity("humidifier", config)
    assert humidifier.capability("humidity").domain == Range(30, 80, 1, "%")
    assert humidifier.sends("power", False) == [("h/on/set", "OFF")]
    assert humidifier.sends("humidity", 50) == [("h/humidity/set", "50")]
    assert humidifier.sends("mode", "sleep") == [("h/mode/set", "sleep")]
    assert humidifier.says("h/humidity/state", "48") == {"humidity": 48}
    assert humidifier.says("h/mode", "normal")["mode"] == "normal"


def test_a_siren() -> None:
    siren = entity("siren", {"command_topic": "s/set", "state_topic": "s"})
    assert siren.sends("power", True) == [("s/set", {"state": "ON"})]
    assert siren.says("s", {"state": "OFF"}) == {"power": False}
    assert siren.says("s", "ON") == {"power": True}
    worded = entity(
        "siren", {"command_topic": "s/set", "command_template": "A:{{ value }}", "cmd_off_tpl": "silence"}
    )
    assert worded.sends("power", True) == [("s/set", "A:ON")]
    assert worded.sends("power", False) == [("s/set", "silence")]


def test_a_number() -> None:
    config = {
        "command_topic": "n/set",
        "state_topic": "n",
        "min": -5,
        "max": 5,
        "step": 0.25,
        "unit_of_measurement": "dB",
        "command_template": '{"gain": {{ value }} }',
    }
    number = entity("number", config)
    assert number.capability("value").domain == Range(-5, 5, 0.25, "dB")
    assert number.sends("value", 1.3) == [("n/set", {"gain": 1.25})]
    assert number.says("n", "-2.5") == {"value": -2.5}
    assert number.says("n", "17") == {"value": -2.5}, "what it cannot be at is dropped"
    with pytest.raises(DeviceError):
        number.says("n", "nan")


def test_a_select() -> None:
    select = entity("select", {"command_topic": "s/set", "state_topic": "s", "options": ["Relax", "Read"]})
    assert select.capability("value").domain == Options(("Relax", "Read"))
    assert select.sends("value", "Read") == [("s/set", "Read")]
    assert select.says("s", "Relax") == {"value": "Relax"}


@pytest.mark.parametrize(
    ("config", "domain", "said", "value"),
    [
        ({"unit_of_meas": "°C", "device_class": "temperature"}, Range, "21.5", 21.5),
        ({"state_class": "measurement"}, Range, "-3", -3.0),
        ({"device_class": "enum", "options": ["dry", "wet"]}, Options, "wet", "wet"),
        ({"device_class": "timestamp"}, Text, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ({}, Text, "a\nb\u202ec", "abc"),
        ({"val_tpl": "{{ value_json.a[0] }}"}, Text, '{"a": ["x"]}', "x"),
    ],
)
def test_a_sensor(config: dict[str, object], domain: type, said: str, value: object) -> None:
    sensor = entity("sensor", {"state_topic": "s", **config})
    assert isinstance(sensor.capability("value").domain, domain)
    assert not sensor.capability("value").settable
    assert sensor.says("s", said) == {"value": value}


def test_a_long_text_of_a_sensor_is_cut() -> None:
    (value,) = entity("sensor", {"state_topic": "s"}).says("s", "x" * 10_000).values()
    assert value == "x" * 255


def test_a_binary_sensor() -> None:
    config = {"state_topic": "b", "device_class": "motion", "payload_on": True, "payload_off": False}
    sensor = entity("binary_sensor", config | {"value_template": "{{ value_json.occupancy }}"})
    assert sensor.device.device_class == "motion"
    assert isinstance(sensor.capability("value").domain, Switch)
    assert sensor.says("b", {"occupancy": True}) == {"value": True}
    assert sensor.says("b", {"occupancy": False}) == {"value": False}


@pytest.mark.parametrize(
    ("component", "config", "sent"),
    [
        ("scene", {}, "ON"),
        ("scene", {"payload_on": "movie"}, "movie"),
        ("button", {}, "PRESS"),
        ("button", {"payload_press": "go", "command_template": "{{ value }}!"}, "go!"),
    ],
)
def test_what_is_pressed(component: str, config: dict[str, object], sent: str) -> None:
    thing = entity(component, {"command_topic": "p", "retain": True, **config})
    assert thing.capability("activate").domain == Press()
    assert thing.sends("activate", None) == [("p", sent)]


@pytest.mark.parametrize(
    ("component", "config", "why"),
    [
        ("switch", {"state_topic": "a"}, "no topic"),
        ("fan", FAN | {"speed_range_min": 0}, "speed_range_min"),
        ("climate", CLIMATE | {"min_temp": 40}, "range"),
        ("number", {"command_topic": "a", "min": 5, "max": 5}, "range"),
        ("number", {"command_topic": "a", "min": "x"}, "min is no number"),
        ("number", {"command_topic": "a", "max": 1e8, "step": -1}, "range"),
        ("select", {"command_topic": "a"}, "no options"),
        ("select", {"command_topic": "a", "options": ["a\nb"]}, "options"),
        ("sensor", {"command_topic": "a"}, "no topic"),
        ("scene", {}, "no topic"),
    ],
)
def test_what_cannot_be_used_is_left_out_with_a_reason(
    component: str, config: dict[str, object], why: str
) -> None:
    assert why in refusal(component, config)

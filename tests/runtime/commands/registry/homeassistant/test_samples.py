"""What well-known programs announce: each becomes a device that can be commanded and is understood."""

import json

import pytest

from runtime.commands.registry.homeassistant.discovery import COMPONENTS, discovered
from tests.support.discovery_samples import SAMPLES
from tests.support.entities import MOST, Told, entity, refusal


def sample(name: str) -> Told:
    return entity(*SAMPLES[name])


def test_there_is_a_sample_of_every_component() -> None:
    assert {component for component, _ in SAMPLES.values()} == set(COMPONENTS)


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"theengs thermometer"}))
def test_every_sample_is_a_device(name: str) -> None:
    component, config = SAMPLES[name]
    came = discovered(
        "homeassistant", f"homeassistant/{component}/n/it/config", json.dumps(config).encode(), MOST
    )
    assert not came.faults
    assert len(came.found) == 1


def test_one_that_speaks_wherever_its_gateway_is_cannot_be_told_from_others() -> None:
    assert "wildcard" in refusal(*SAMPLES["theengs thermometer"])


def test_a_light_of_zigbee2mqtt() -> None:
    light = sample("zigbee2mqtt light")
    assert light.sends("brightness", 100) == [("zigbee2mqtt/it/set", {"state": "ON", "brightness": 254})]
    said = {
        "state": "ON",
        "brightness": 127,
        "color_temp": 300,
        "color_mode": "color_temp",
        "update": {"x": 1},
    }
    assert light.says("zigbee2mqtt/it", said) == {"power": True, "brightness": 50, "color_temperature": 3333}


def test_a_cover_of_zigbee2mqtt() -> None:
    cover = sample("zigbee2mqtt cover")
    assert cover.sends("position", 40) == [("zigbee2mqtt/it/set", {"position": 40})]
    assert cover.sends("state", "open") == [("zigbee2mqtt/it/set", "OPEN")]
    assert cover.says("zigbee2mqtt/it", {"position": 40, "moving": "UP"}) == {
        "state": "opening",
        "position": 40,
    }
    assert cover.says("zigbee2mqtt/it", {"position": 60, "moving": "STOP"}) == {
        "state": "open",
        "position": 60,
    }
    cover.says("zigbee2mqtt/it", {"position": 0, "moving": "DOWN"})
    assert cover.says("zigbee2mqtt/it", {"position": 0}) == {"state": "closed", "position": 0}


def test_a_thermostat_of_zigbee2mqtt() -> None:
    climate = sample("zigbee2mqtt thermostat")
    assert climate.sends("temperature", 21.5) == [("zigbee2mqtt/it/set/occupied_heating_setpoint", "21.5")]
    said = {
        "local_temperature": 19.8,
        "occupied_heating_setpoint": 21,
        "system_mode": "heat",
        "preset": "eco",
    }
    assert climate.says("zigbee2mqtt/it", said) == {
        "power": True,
        "mode": "heat",
        "temperature": 21,
        "current_temperature": 19.8,
        "preset": "eco",
    }


def test_a_fan_of_zigbee2mqtt() -> None:
    fan = sample("zigbee2mqtt fan")
    assert fan.sends("speed", 60) == [("zigbee2mqtt/it/set/fan_mode", "medium")]
    assert fan.says("zigbee2mqtt/it", {"fan_mode": "low", "fan_state": "ON"}) == {"power": True, "speed": 33}
    assert "speed" not in fan.says("zigbee2mqtt/it", {"fan_mode": None})


def test_a_motion_sensor_of_zigbee2mqtt() -> None:
    assert sample("zigbee2mqtt motion").says("zigbee2mqtt/it", {"occupancy": True}) == {"value": True}


def test_a_light_of_esphome() -> None:
    light = sample("esphome light")
    assert light.device.name == "desk Strip"
    assert light.found.area_name == "Study"
    said = {
        "color_mode": "rgb",
        "state": "ON",
        "brightness": 255,
        "color": {"r": 255, "g": 0, "b": 0},
        "effect": "None",
    }
    assert light.says("desk/light/strip/state", said) == {"power": True, "brightness": 100, "color": "red"}
    assert light.sends("color", "green")[0][1] == {"state": "ON", "color": {"r": 0, "g": 255, "b": 0}}


def test_a_climate_of_esphome() -> None:
    climate = sample("esphome climate")
    assert climate.sends("power", True) == [("ac/climate/ac/mode/command", "heat_cool")]
    assert climate.sends("swing", "vertical") == [("ac/climate/ac/swing_mode/command", "vertical")]


def test_a_garage_door_asks_before_it_opens_and_has_no_stop() -> None:
    door = sample("a garage with relays")
    assert door.capability("state").dangerous == ("open",)
    assert door.says("garage/tele/SENSOR", {"Switch1": "ON"}) == {"state": "closed"}

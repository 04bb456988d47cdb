"""docs/devices.md is so: its examples are devices, and its tables name every key."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from runtime.commands.registry.announce import announced
from runtime.commands.registry.devices import Kind
from runtime.commands.registry.homeassistant.discovery import COMPONENTS, discovered
from runtime.commands.registry.tables import CapabilityTable, DeviceTable
from runtime.commands.registry.toml import HouseFile, house_file
from tests.support.entities import MOST, told

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "devices.md").read_text()


def fences(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def houses(tmp_path: Path) -> list[HouseFile]:
    found = []
    for number, example in enumerate(fences("toml")):
        (tmp_path / f"{number}.toml").write_text(example)
        found.append(house_file(tmp_path / f"{number}.toml"))
    return found


def test_the_shortest_house_file_has_the_lamp_that_it_says(houses: list[HouseFile]) -> None:
    light = told(houses[0].devices[0])
    assert light.device.name == "hall light"
    assert light.sends("power", True) == [("house/hall/light/set", "ON")]


def test_the_longer_house_file_does_what_it_says(houses: list[HouseFile]) -> None:
    house = {each.device.id: each for each in map(told, houses[1].devices)}
    kitchen, garage, boiler = house["kitchen_light"], house["garage_door"], house["boiler"]
    assert kitchen.sends("brightness", 100) == [("zigbee2mqtt/kitchen/set", {"brightness": 254})]
    assert garage.sends("state", "open") == [("house/garage/door/set", "UP")]
    assert garage.says("house/garage/door", "1") == {"state": "closed"}
    assert garage.capability("state").dangerous == ("open",)
    assert boiler.sends("temperature", 21) == [("house/boiler/target/set", {"target": 21})]
    assert boiler.says("house/boiler", {"target": 20, "room": 19.3}) == {
        "temperature": 20,
        "current_temperature": 19.3,
    }
    assert house["irrigation"].capability("power").dangerous == (True,)


def test_the_owner_may_say_something_of_other_devices(houses: list[HouseFile]) -> None:
    said = houses[2].owned
    assert [each.text for each in said["light.desk"].names] == ["Desk lamp", "檯燈"]
    assert said["switch.garage_opener"].dangerous == {"power": ("on",)}
    assert said["button.reset_meter"].ignore


def test_the_announcement_is_one() -> None:
    (example,) = fences("json")
    found = announced("ingle/devices/shelf", example.encode(), MOST)
    assert found is not None
    assert told(found).sends("brightness", 30) == [("boards/shelf/brightness/set", "30")]


def test_the_discovery_message_is_one() -> None:
    (line,) = [each for each in fences("sh") if "homeassistant/" in each]
    match = re.search(r"-t (\S+) -m '(.*)'", line)
    assert match is not None
    (found,) = discovered("homeassistant", match[1], match[2].encode(), MOST).found
    assert found.entry.device.id == "light.desk"
    assert json.loads(match[2])["name"] == found.entry.device.name


def rows(heading: str) -> set[str]:
    section = PAGE.split(f"### {heading}\n")[1].split("\n##")[0]
    return {
        key
        for row in re.findall(r"^\| (`[^|]+) \|", section, re.MULTILINE)
        for key in re.findall(r"`(\w+)`", row)
    }


def test_every_key_is_described() -> None:
    capability = {each.name for each in fields(CapabilityTable)}
    assert rows("Keys of a capability") == capability
    assert rows("Keys of a device") == {each.name for each in fields(DeviceTable)} - capability


def test_every_kind_and_component_is_named() -> None:
    section = PAGE.split("## Discovery\n")[1].split("\n## ")[0]
    assert set(re.findall(r"`(\w+)`", section)) >= set(COMPONENTS)
    (kinds,) = re.findall(r"^\| `kind` \| ([^|]+) \|", PAGE, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", kinds)) == set(Kind)

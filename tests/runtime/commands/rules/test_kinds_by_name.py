"""Devices without a class are of the kind that their name says; places and names that fit no device."""

import pytest

from runtime.commands.registry.devices import Area, Capability, Device, Kind, Name, Options, Range, Switch
from runtime.commands.registry.house import House
from runtime.commands.rules.stage import Rules
from runtime.commands.sentence import Memory, Sentence
from tests.runtime.commands.rules.conftest import Understand
from tests.support.said import short

STATE = (Capability("state", Options(("open", "closed", "stopped"))),)
POWER = (Capability("power", Switch()),)


def cover(device: str, name: str, device_class: str | None = None) -> Device:
    return Device(device, (Name(name),), Kind.COVER, STATE, device_class=device_class)


def house(*devices: Device) -> House:
    areas = {each: Area(each, (Name(each.title()),)) for each in ("kitchen", "loft")}
    return House(areas, {each.id: each for each in devices})


async def said(rules: Rules, text: str, within: House, area: str | None = None) -> str:
    reading = await rules.read(Sentence(text, area=area), within, Memory())
    return short(None if reading is None else reading.meaning)


async def test_a_part_of_a_name_is_enough_where_one_fits(rules: Rules) -> None:
    within = house(cover("awning", "Patio Awning"), cover("blind", "Kitchen Blind"))
    assert await said(rules, "open the awning", within) == "awning.state=open"
    assert await said(rules, "open the awning", within, "kitchen") == "awning.state=open"


async def test_a_window_is_locked_where_it_has_a_lock(rules: Rules) -> None:
    states = (Capability("state", Options(("locked", "unlocked"))),)
    door, window = (Device(each, (Name(f"{each} lock"),), Kind.LOCK, states) for each in ("door", "window"))
    assert await said(rules, "lock the window", house(door, window)) == "window.state=locked"
    assert await said(rules, "lock the window", house(door)) == "! no_such_device"


async def test_of_two_doors_it_is_asked_which(rules: Rules) -> None:
    within = house(
        cover("side", "Side door"), cover("back", "Back door", "door"), cover("garage", "Garage door")
    )
    assert await said(rules, "open the door", within) == "? the side door | the back door"


async def test_a_garage_door_is_no_mere_door(rules: Rules) -> None:
    assert await said(rules, "open the door", house(cover("garage", "Garage door"))) == "! no_such_device"
    assert await said(rules, "開門", house(cover("garage", "車庫門"))) in {"! no_such_device", "none"}


async def test_devices_of_one_name_in_one_room_are_told_by_their_kind(rules: Rules) -> None:
    light = Device("a", (Name("Night light"),), Kind.LIGHT, POWER)
    switch = Device("b", (Name("night light"),), Kind.SWITCH, POWER)
    found = await said(rules, "turn on the night light", house(light, switch))
    assert found == "? the night light (light) | the night light (switch)"


async def test_a_name_that_begins_like_a_verb_is_a_name(rules: Rules) -> None:
    lower, upper = cover("lower", "Lower blind"), cover("upper", "Blind")
    strip = Device("strip", (Name("Power strip"),), Kind.SWITCH, POWER)
    within = house(lower, upper, strip)
    assert await said(rules, "lower blind down", within) == "lower.state=closed"
    assert await said(rules, "turn on the power strip", within) == "strip.power=on"


async def test_a_device_named_like_a_command_loses_to_the_command(rules: Rules) -> None:
    heating = Device("heat", (Name("Heating"),), Kind.SWITCH, POWER)
    capture = Device("capture", (Name("Turn the heating"),), Kind.SWITCH, POWER)
    assert await said(rules, "turn the heating on", house(heating, capture)) == "heat.power=on"


@pytest.mark.parametrize("text", ["turn on the light", "turn on the lights", "turn on the floor lamp"])
async def test_a_place_that_does_not_exist_is_no_place(understand: Understand, text: str) -> None:
    assert short(await understand(text, area="nowhere")) == short(await understand(text))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("floor lamp at 7", "living.floor.brightness=7"),
        ("the floor lamp at 40%", "living.floor.brightness=40"),
        ("study fan at 130", "none"),
        ("turn on the floor lamp at 7", "! not_understood"),
        ("coffee machine at 7", "none"),
        ("garage door at 7", "none"),
        ("no more light in the kitchen", "kitchen.light.power=off kitchen.counter.power=off"),
        ("no more light in the orangery", "! not_understood"),
        ("nobody is listening, TV off", "none"),
        ("nobody is to open the garage door", "! not_wanted"),
    ],
)
async def test_numbers_and_negations_that_are_not_what_they_seem(
    understand: Understand, text: str, meant: str
) -> None:
    assert short(await understand(text)) == meant


async def test_a_level_behind_at_is_not_a_time(rules: Rules) -> None:
    level = Device("x", (Name("Pump"),), Kind.NUMBER, (Capability("value", Range(0, 10, 1)),))
    assert await said(rules, "pump at 7", house(level)) == "x.value=7"
    assert await said(rules, "pump at 17", house(level)) == "none"

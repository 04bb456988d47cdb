"""Everything off, of a place or of the house."""

from dataclasses import replace

import pytest

from runtime.commands.meaning import Which
from runtime.commands.registry.devices import Device, Kind, Name
from tests.runtime.commands.rules.conftest import Understand
from tests.support.commands_house import POWER, STATES, house
from tests.support.said import short


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("turn off everything in the kitchen", "? turn off the kitchen light and the coffee machine"),
        ("turn everything off in the hall", '" Nothing is on.'),
        ("switch off the bathroom", "? turn off the dehumidifier"),
        ("關掉廚房的所有東西", "? 關掉廚房燈和咖啡機"),
        ("把走廊的東西都關掉", '" 沒有東西開著。'),
        ("turn off everything in the garage", "! no_such_device"),
    ],
)
async def test_what_is_on_there_is_turned_off(understand: Understand, text: str, meant: str) -> None:
    assert short(await understand(text)) == meant


@pytest.mark.parametrize("text", ["turn off everything upstairs", "關掉樓上的所有東西"])
async def test_a_floor_is_only_that_floor(understand: Understand, text: str) -> None:
    found = await understand(text)
    assert isinstance(found, Which)
    rooms = house()
    there = {rooms.devices[each.device].area for option in found.options for each in option.meaning.actions}
    assert there == {"bedroom", "study", "bathroom"}


async def test_light_and_sound_are_turned_off_at_once(understand: Understand) -> None:
    off = house({**STATES, ("living.climate", "mode"): "off"})
    found = await understand("turn off the living room", within=off)
    assert short(found) == "living.ceiling.power=off living.fan.power=off living.tv.power=off"


async def test_later_what_is_off_now_may_be_on(understand: Understand) -> None:
    assert (
        short(await understand("turn off everything in the hall in ten minutes"))
        == "hall.light.power=off +600"
    )


async def test_what_is_dangerous_to_turn_off_takes_its_name(understand: Understand) -> None:
    rooms = house()
    pump = Device("pump", (Name("Pump"),), Kind.SWITCH, (replace(POWER, dangerous=(False,)),), "hall")
    within = replace(rooms, devices={**rooms.devices, "pump": pump}, version=2)
    assert short(await understand("turn off everything in the hall", within=within)) == '" Nothing is on.'

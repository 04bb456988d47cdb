"""Everything off, of a place or of the house."""

from dataclasses import replace

import pytest

from runtime.commands.meaning import Tell, Which
from runtime.commands.registry.devices import Device, Kind, Name
from runtime.commands.registry.house import State
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


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("turn off everything in the hall", "Left as it is"),
        ("把走廊的東西都關掉", "維持原狀"),
    ],
)
async def test_what_is_dangerous_and_on_is_said_to_stay_on(
    understand: Understand, text: str, meant: str
) -> None:
    rooms = house()
    pump = Device("pump", (Name("Pump"),), Kind.SWITCH, (replace(POWER, dangerous=(False,)),), "hall")
    on = {**rooms.states, ("pump", "power"): State(value=True, at=0.0)}
    within = replace(rooms, devices={**rooms.devices, "pump": pump}, states=on, version=3)
    found = await understand(text, within=within)
    assert isinstance(found, Tell)
    assert meant in found.text
    lit = replace(within, states={**on, ("hall.light", "power"): State(value=True, at=0.0)}, version=4)
    found = await understand(text, within=lit)
    assert isinstance(found, Which)
    assert meant in found.question
    (option,) = found.options
    assert [each.device for each in option.meaning.actions] == ["hall.light"]


async def test_what_is_away_is_not_said_to_be_as_it_was(understand: Understand) -> None:
    rooms = house()
    lamp = next(each.id for each in rooms.devices.values() if rooms.value(each.id, "power") is True)
    name = rooms.devices[lamp].name
    gone = replace(rooms, away=frozenset({lamp}), version=5)
    for text in (f"is the {name} on", "what is on"):
        found = await understand(text, within=gone)
        assert isinstance(found, Tell)
        assert "cannot be reached" in found.text

"""Names as owners write them, in sentences as people say them."""

from dataclasses import replace

import pytest

from runtime.commands.registry.devices import Area, Capability, Device, Kind, Name, Options, Range, Switch
from runtime.commands.registry.house import House, State
from runtime.commands.rules.stage import Rules
from runtime.commands.sentence import Memory, Sentence
from tests.support.said import short

POWER = (Capability("power", Switch()),)


def lamp(device: str, *names: str, area: str | None = None) -> Device:
    return Device(device, tuple(map(Name, names)), Kind.LIGHT, POWER, area)


def house(*devices: Device) -> House:
    areas = {each: Area(each, (Name(each.title()),)) for each in ("kitchen", "bedroom")}
    return House(areas, {each.id: each for each in devices}, version=7)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Dr. Who lamp", "turn on the Dr. Who lamp"),
        ("Dr. Who lamp", "turn on dr who lamp"),
        ("Anna's lamp", "turn on Anna\u2019s lamp"),
        ("Lamp One", "turn on lamp 1"),
        ("Lamp 21", "turn on lamp twenty-one"),
        ("THE BIG ONE", "turn on the big one"),
        ("A/C unit", "turn on the A/C unit"),
        ("Wi-Fi plug", "turn on the wi-fi plug"),
        ("Salt and pepper", "turn on salt and pepper"),
        ("Café light", "turn on the cafe\u0301 light"),
        ("lamp (left)", "turn on lamp (left)"),
        ("{name}", "turn on {name}"),
        ("on", "turn on on"),
        ("燈 1", "turn on 燈 1"),
    ],
)
async def test_a_name_is_found_however_it_is_written(english: Rules, name: str, text: str) -> None:
    reading = await english.read(Sentence(text), house(lamp("x", name)), Memory())
    assert reading is not None
    assert short(reading.meaning) == "x.power=on"


@pytest.fixture(scope="module")
def english() -> Rules:
    return Rules(("en",))


async def said(rules: Rules, text: str, within: House, area: str | None = None) -> str:
    reading = await rules.read(Sentence(text, area=area), within, Memory())
    return short(None if reading is None else reading.meaning)


async def test_the_longest_name_is_meant(english: Rules) -> None:
    within = house(lamp("a", "Lamp"), lamp("b", "Lamp 2"), lamp("c", "Big lamp 2"))
    assert await said(english, "turn on lamp", within) == "a.power=on"
    assert await said(english, "turn on lamp 2", within) == "b.power=on"
    assert await said(english, "turn on the big lamp two", within) == "c.power=on"


async def test_a_name_without_its_room_is_heard(english: Rules) -> None:
    within = house(lamp("a", "Kitchen pendant", area="kitchen"), lamp("b", "Bedroom pendant", area="bedroom"))
    assert await said(english, "turn on the kitchen pendant", within) == "a.power=on"
    assert await said(english, "turn on the pendant in the bedroom", within) == "b.power=on"
    assert await said(english, "turn on the pendant", within, "kitchen") == "a.power=on"
    assert await said(english, "turn on the pendant", within) == "? the kitchen pendant | the bedroom pendant"


async def test_a_given_name_wins_over_one_that_is_left_of_another(english: Rules) -> None:
    within = house(lamp("a", "Pendant"), lamp("b", "Bedroom pendant", area="bedroom"))
    assert await said(english, "turn on the pendant", within) == "a.power=on"


async def test_two_of_a_name_in_one_room_are_told_by_their_ids(english: Rules) -> None:
    within = house(lamp("a", "Spot", area="kitchen"), lamp("b", "Spot", area="kitchen"))
    assert (
        await said(english, "turn on the spot", within)
        == "? the spot in the kitchen (a) | the spot in the kitchen (b)"
    )
    assert await said(english, "turn on both spots", within) == "none"


async def test_what_changes_in_the_house_is_heard_at_once(english: Rules) -> None:
    assert await said(english, "turn on the pendant", house(lamp("a", "Pendant"))) == "a.power=on"
    assert await said(english, "turn on the pendant", house(lamp("b", "Pendant"))) == "b.power=on"
    assert await said(english, "turn on the pendant", house()) == "none"


@pytest.mark.parametrize("switched", [True, False])
@pytest.mark.parametrize(
    ("text", "mode", "last", "meant"),
    [
        ("turn on the ac", "cool", "cool", '" The AC is already on: cooling.'),
        ("turn on the ac", "dry", "dry", '" The AC is already on: drying.'),
        ("turn on the heating", "cool", "cool", "x.mode=heat"),
        ("turn on the ac", "off", "heat", "x.mode=heat"),
        ("turn on the ac", "off", None, "x.mode=cool"),
        ("turn off the ac", "cool", "cool", "x.mode=off"),
    ],
)
async def test_what_runs_is_left_and_what_ran_goes_on_so(
    english: Rules, text: str, mode: str, last: str | None, meant: str, *, switched: bool
) -> None:
    capabilities: tuple[Capability, ...] = (Capability("mode", Options(("off", "heat", "cool", "dry"))),)
    if switched:
        capabilities = (Capability("power", Switch(), by_mode=True), *capabilities)
        meant = "x.power=on" if last == "heat" else meant.replace("mode=off", "power=off")
    climate = Device(
        "x", (Name("AC"),), Kind.CLIMATE, (*capabilities, Capability("temperature", Range(7, 30)))
    )
    states = {("x", "mode"): State(mode, 0.0), ("x", "power"): State(mode != "off", 0.0)}
    if last is not None:
        states["x", "last_mode"] = State(last, 0.0)
    assert await said(english, text, replace(house(climate), states=states)) == meant


@pytest.mark.parametrize(
    ("text", "modes", "meant"),
    [
        ("turn on the heating", ("off", "heat", "cool", "auto"), "x.mode=heat"),
        ("turn on the air conditioning", ("off", "heat", "cool", "auto"), "x.mode=cool"),
        ("turn on Arctica", ("off", "heat", "cool", "auto"), "x.mode=auto"),
        ("turn on Arctica", ("off", "heat", "cool"), "? x.mode="),
        ("turn on Arctica", ("off", "dry"), "x.mode=dry"),
        ("turn off Arctica", ("off", "dry"), "x.mode=off"),
        ("turn off Arctica", ("heat", "dry"), "! no_such_capability"),
    ],
)
async def test_what_on_is_to_a_heating_without_a_switch(
    english: Rules, text: str, modes: tuple[str, ...], meant: str
) -> None:
    climate = Device(
        "x",
        (Name("Arctica"),),
        Kind.CLIMATE,
        (Capability("mode", Options(modes)), Capability("temperature", Range(7, 30))),
    )
    assert await said(english, text, house(climate)) == meant

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.language.split import clauses
from runtime.commands.registry.devices import Capability, Device, Kind, Name, Switch
from runtime.commands.registry.house import House
from tests.support.commands_house import DEVICES, house

HOUSE = house()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("turn on the desk lamp and the study fan", ("turn on the desk lamp", "turn on the study fan")),
        ("turn on the floor lamp and close the blinds", ("turn on the floor lamp", "close the blinds")),
        (
            "turn the floor lamp and the ceiling fan off",
            ("turn the floor lamp off", "turn the ceiling fan off"),
        ),
        (
            "turn the floor lamp on and the ceiling fan off",
            ("turn the floor lamp on", "turn the ceiling fan off"),
        ),
        ("turn on the kitchen and bedroom lights", ("turn on the kitchen lights", "turn on bedroom lights")),
        (
            "turn off the lights in the kitchen and the bedroom",
            ("turn off the lights in the kitchen", "turn off the lights in the bedroom"),
        ),
        (
            "turn off the lights in the kitchen and in the bedroom",
            ("turn off the lights in the kitchen", "turn off the lights in the bedroom"),
        ),
        (
            "set the floor lamp to 40% and the desk lamp to 60%",
            ("set the floor lamp to 40%", "set the desk lamp to 60%"),
        ),
        (
            "set the floor lamp and the desk lamp to forty percent",
            ("set the floor lamp to 40%", "set the desk lamp to 40%"),
        ),
        (
            "turn off the TV, the floor lamp and the ceiling fan",
            ("turn off the tv", "turn off the floor lamp", "turn off the ceiling fan"),
        ),
        (
            "open the living room blinds, then turn off the tv, and lock the front door",
            ("open the living room blinds", "turn off the tv", "lock the front door"),
        ),
        ("turn on the floor lamp and make it blue", ("turn on the floor lamp", "make it blue")),
        (
            "turn on the lights and the fan in the living room",
            ("turn on the lights in the living room", "turn on the fan in the living room"),
        ),
        (
            "in ten minutes turn on the floor lamp and close the blinds",
            ("in 10 minutes turn on the floor lamp", "in 10 minutes close the blinds"),
        ),
        (
            "turn on the floor lamp and the ceiling fan in ten minutes",
            ("turn on the floor lamp in 10 minutes", "turn on the ceiling fan in 10 minutes"),
        ),
        (
            "is the garage door open and is the front door locked?",
            ("is the garage door open", "is the front door locked?"),
        ),
        (
            "turn on the TV but don't turn on the floor lamp",
            ("turn on the tv", "don't turn on the floor lamp"),
        ),
    ],
)
def test_several_commands_stand_each_by_itself(text: str, parts: tuple[str, ...]) -> None:
    assert clauses(text, "en", HOUSE) == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("打開廚房燈和客廳吸頂燈", ("打開廚房燈", "打開客廳吸頂燈")),
        ("把廚房燈和客廳吸頂燈關掉", ("把廚房燈關掉", "把客廳吸頂燈關掉")),
        ("打開廚房和臥室的燈", ("打開廚房的燈", "打開臥室的燈")),
        ("把客廳的電視和風扇關掉", ("把客廳的電視關掉", "把客廳的風扇關掉")),
        ("先打開電視再關燈", ("打開電視", "關燈")),
        ("打開客廳的燈和電扇", ("打開客廳的燈", "打開客廳的電扇")),
        ("關掉電視,然後鎖上大門", ("關掉電視", "鎖上大門")),
        ("打開廚房燈、走廊燈和浴室燈", ("打開廚房燈", "打開走廊燈", "打開浴室燈")),
        ("十分鐘後關掉電視,並且把大門鎖上", ("10分鐘後關掉電視", "10分鐘後把大門鎖上")),
    ],
)
def test_several_commands_in_chinese(text: str, parts: tuple[str, ...]) -> None:
    assert clauses(text, "zh-TW", HOUSE) == parts


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("turn on the kitchen light", "en"),
        ("Hey, turn on the TV", "en"),
        ("turn off the light in the bedroom, please", "en"),
        ("set the thermostat to twenty and a half degrees", "en"),
        ("in an hour and a half turn off the tv", "en"),
        ("set the pump level to one hundred and five", "en"),
        ("tell me about romeo and juliet", "en"),
        ("打開廚房燈", "zh-TW"),
        ("調高一點,謝謝", "zh-TW"),
        ("mach das licht an und das radio aus", "de"),
    ],
)
def test_one_command_stays_as_it_is(text: str, language: str) -> None:
    assert clauses(text, language, HOUSE) == (text,)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Salt and pepper lamp", "turn on the salt and pepper lamp"),
        ("Adam, Eve and the lamp", "turn on adam, eve and the lamp"),
        ("Then and now", "switch off then and now"),
        ("Turn and open the door", "turn on turn and open the door"),
    ],
)
def test_a_name_is_never_cut(name: str, text: str) -> None:
    device = Device("odd", (Name(name),), Kind.LIGHT, (Capability("power", Switch()),))
    assert clauses(text, "en", House(devices={"odd": device})) == (text,)


def test_a_name_in_an_enumeration_stays_whole() -> None:
    device = Device("odd", (Name("Salt and pepper"),), Kind.LIGHT, (Capability("power", Switch()),))
    within = House(HOUSE.areas, {**HOUSE.devices, "odd": device}, version=2)
    assert clauses("turn on salt and pepper and the floor lamp", "en", within) == (
        "turn on salt and pepper",
        "turn on the floor lamp",
    )


@given(
    st.lists(
        st.sampled_from(["turn on", "turn off", "the", "and", ",", "then", "in the kitchen", "to 40%", "lights", "it",
                         "in ten minutes", *(device.name for device in DEVICES)]),
        max_size=12,
    )
)  # fmt: skip
def test_any_words_are_cut_without_breaking_a_name(words: list[str]) -> None:
    parts = clauses(" ".join(words), "en", HOUSE)
    whole = " ".join(parts).casefold()
    assert 1 <= len(parts) <= 8
    for device in DEVICES:
        if device.name in words and len(parts) > 1:
            assert device.name.casefold() in whole


@given(st.text(max_size=100), st.sampled_from(["en", "zh-TW"]))
def test_any_text_has_clauses(text: str, language: str) -> None:
    assert len(clauses(text, language, HOUSE)) >= 1


def test_a_verb_that_is_also_a_thing_is_the_verb() -> None:
    assert clauses("lock the front door and the window", "en", HOUSE) == (
        "lock the front door",
        "lock the window",
    )

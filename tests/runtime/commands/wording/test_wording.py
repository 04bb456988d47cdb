"""What is said back: the same sentences in every language, and actions in words."""

import string

import pytest

from runtime.commands.meaning import Action, Reason
from runtime.commands.registry.devices import Capability, Device, Kind, Name, Options, Range, Switch
from runtime.commands.registry.house import House, State
from runtime.commands.wording.describe import (
    area_name,
    describe,
    duration,
    listed,
    proposal,
    say_of,
    shown,
    the,
)
from runtime.commands.wording.speak import languages, say, word, wording
from tests.support.commands_house import house

HOUSE = house()


def braces(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", languages())
def test_every_language_has_the_same_sentences_with_the_same_braces(language: str) -> None:
    english, other = wording("en"), wording(language)
    assert other.keys() == english.keys()
    for key, text in english.items():
        assert braces(other[key]) == braces(text), key


@pytest.mark.parametrize("language", languages())
def test_every_sentence_ends_and_can_be_said(language: str) -> None:
    for key, text in wording(language).items():
        said = say(key, language, **dict.fromkeys(braces(text), "x"))
        assert said.strip()
        if key.startswith(("refused.", "told.", "asked.", "result.")) and key != "refused.not_that_part":
            assert said[-1] in ".?。？", key


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_sentence(reason: Reason) -> None:
    assert f"refused.{reason}" in wording("en")


def test_an_unknown_language_is_answered_in_english() -> None:
    assert say("not_wanted", "de") == say("refused.not_wanted", "en")
    assert say("not_wanted", "zh") == say("not_wanted", "zh-TW")


def test_values_are_data() -> None:
    assert (
        say("told.measures", "en", device="the {value} lamp", value="{device}")
        == "The {value} lamp is {device}."
    )


def test_a_word_that_we_do_not_have_is_the_devices_own() -> None:
    assert word("value", "party_mode", "zh-TW") == "party mode"


@pytest.mark.parametrize(
    ("actions", "english", "chinese"),
    [
        ([Action("kitchen.light", "power", value=True)], "Turned on the kitchen light.", "已打開廚房燈。"),
        (
            [Action("kitchen.light", "power", value=True), Action("living.fan", "power", value=True)],
            "Turned on the kitchen light and the ceiling fan.",
            "已打開廚房燈和吊扇。",
        ),
        (
            [Action("hall.lock", "state", "locked"), Action("living.tv", "power", value=False)],
            "Locked the front door, and turned off the TV.",
            "已鎖上大門，並且已關掉電視。",
        ),
        ([Action("kitchen.light", "brightness", 40.0)], "Set the brightness of the kitchen light to 40%.",
         "已將廚房燈的亮度設為40%。"),
        ([Action("bedroom.heater", "temperature", 21.5)], "Set the bedroom heater to 21.5 °C.",
         "已將臥室暖氣設為21.5 °C。"),
        ([Action("living.floor", "color", "blue")], "Set the color of the floor lamp to blue.",
         "已將立燈的顏色設為藍色。"),
        ([Action("garage.door", "state", "open")], "Opened the garage door.", "已打開車庫門。"),
        ([Action("scene.movie", "activate", None)], "Activated Movie time.", "已啟動看電影。"),
        ([Action("hall.bell", "activate", None)], "Pressed the door bell.", "已按下門鈴。"),
        ([Action("study.desk", "power", value=True)], "Turned on the desk lamp in the study.", "已打開書房的檯燈。"),
        ([Action("gone", "power", value=True)], "Set the power of gone to on.", "已將gone的電源設為on。"),
    ],
)  # fmt: skip
def test_actions_are_told_in_a_sentence(actions: list[Action], english: str, chinese: str) -> None:
    assert describe(actions, HOUSE, "en") == english
    assert describe(actions, HOUSE, "zh-TW") == chinese


def test_a_proposal_goes_into_a_sentence() -> None:
    actions = [Action("hall.lock", "state", "unlocked"), Action("hall.light", "power", value=True)]
    what = proposal(actions, HOUSE, "en")
    assert say("asked.confirm", "en", what=what) == (
        "Do you really want me to unlock the front door, and turn on the hall light? Say yes or no."
    )


def test_many_are_counted() -> None:
    assert listed([*"abcdefgh"], "en") == "a, b, c, d, e and 3 more"
    assert listed([*"abc"], "zh-TW") == "a、b和c"
    assert listed([], "en") == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(1, "1 second"), (90, "1 minute and 30 seconds"), (600, "10 minutes"), (5400, "1 hour and 30 minutes"),
     (90061, "1 day and 1 hour"), (0, "1 second")],
)  # fmt: skip
def test_a_length_of_time(seconds: float, said: str) -> None:
    assert duration(seconds, "en") == said


def test_names_keep_their_own_article() -> None:
    lamp = Device("a", (Name("The old lamp"),), Kind.LIGHT, ())
    annas = Device("b", (Name("Anna's lamp"),), Kind.LIGHT, ())
    rooms = House(devices={"a": lamp, "b": annas})
    assert [the(each, rooms, "en") for each in (lamp, annas)] == ["The old lamp", "Anna's lamp"]
    assert area_name(None, rooms, "en") == "the house"


def test_a_name_that_is_no_more_than_a_word_of_a_sentence_is_quoted() -> None:
    plug = Device("y", (Name("yes"),), Kind.SWITCH, (Capability("power", Switch()),))
    rooms = House(devices={"y": plug})
    assert describe([Action("y", "power", value=True)], rooms, "en") == "Turned on \u201cyes\u201d."


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (66.6667, "%", "66.7%"),
        (40.0, "%", "40%"),
        (21.5, "°C", "21.5 °C"),
        (0.004, "kWh", "0.004 kWh"),
        (1234567.891, "", "1234567.89"),
    ],
)
def test_values_are_rounded_as_they_are_said(value: float, unit: str, said: str) -> None:
    device = Device("x", (Name("X"),), Kind.NUMBER, (Capability("value", Range(0, 2e6, 0, unit)),))
    assert shown(value, device, "value", "en") == said


@pytest.mark.parametrize(
    ("name", "verb"), [("Curtains", "are"), ("Curtain", "is"), ("Sonos", "is"), ("Thermos", "is")]
)
def test_several_things_of_one_name_are(name: str, verb: str) -> None:
    device = Device("x", (Name(name),), Kind.COVER, ())
    said = say_of("told.is", device, House(devices={"x": device}), "en", state="closed")
    assert said == f"The {name.lower()} {verb} closed."


def test_a_climate_that_goes_on_is_told_with_its_mode() -> None:
    modes = Capability("mode", Options(("off", "heat", "cool")))
    ac = Device("ac", (Name("AC"),), Kind.CLIMATE, (Capability("power", Switch(), by_mode=True), modes))
    ran = House(devices={"ac": ac}, states={("ac", "last_mode"): State("cool", 0.0)})
    on = [Action("ac", "power", value=True)]
    assert describe(on, ran, "en") == "Turned on the AC: cooling."
    assert proposal(on, ran, "en") == "turn on the AC (cooling)"
    assert describe(on, House(devices={"ac": ac}), "en") == "Turned on the AC."
    assert describe([Action("ac", "power", value=False)], ran, "en") == "Turned off the AC."

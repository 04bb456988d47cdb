"""Answers to what was asked back."""

import pytest

from runtime.commands.meaning import Action, Do, Option, Which
from runtime.commands.registry.house import House
from runtime.commands.rules.clarified import Clarified
from runtime.commands.sentence import Memory, Sentence
from tests.support.commands_house import STATES, house
from tests.support.said import short


def on(device: str) -> Do:
    return Do((Action(device, "power", value=True),))


LAMPS = Which(
    "Which one?",
    (
        Option("the desk lamp in the bedroom", on("bedroom.desk")),
        Option("the desk lamp in the study", on("study.desk")),
    ),
)
CHINESE = Which("哪一個?", (Option("臥室的檯燈", on("bedroom.desk")), Option("書房的檯燈", on("study.desk"))))
CONFIRM = Which("Really?", (Option("yes", Do((Action("hall.lock", "state", "unlocked"),))),))
SPEED = Which("How fast?", waiting=(Action("study.fan", "speed", None),))
COLOR = Which("Which colour?", waiting=(Action("living.floor", "color", None),))
BEDROOM, STUDY = "bedroom.desk.power=on", "study.desk.power=on"


async def answered(text: str, asked: Which | None, language: str = "en", within: House | None = None) -> str:
    memory = Memory(asked=asked)
    reading = await Clarified().read(Sentence(text, language), within or house(), memory)
    return short(None if reading is None else reading.meaning)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("the desk lamp in the study", STUDY),
        ("The one in the study, please.", STUDY),
        ("study", STUDY),
        ("the bedroom one", BEDROOM),
        ("the first one", BEDROOM),
        ("the second", STUDY),
        ("2", STUDY),
        ("number two", "none"),
        ("no, the one in the study", STUDY),
        ("not the study", "none"),
        ("everywhere", f"{BEDROOM} {STUDY}"),
        ("the last one", STUDY),
        ("both", f"{BEDROOM} {STUDY}"),
        ("all of them", f"{BEDROOM} {STUDY}"),
        ("no", "! not_wanted"),
        ("never mind", "! not_wanted"),
        ("neither", "! not_wanted"),
        ("the desk lamp", "none"),
        ("the third one", "none"),
        ("yes", "none"),
        ("turn off the desk lamp in the study", "none"),
        ("what time is it", "none"),
    ],
)
async def test_which_one(text: str, meant: str) -> None:
    assert await answered(text, LAMPS) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [("書房", STUDY), ("書房的", STUDY), ("第一個", BEDROOM), ("最後一個", STUDY), ("兩個都要", "none"),
     ("全部", f"{BEDROOM} {STUDY}"), ("都不要", "! not_wanted"), ("算了", "! not_wanted")],
)  # fmt: skip
async def test_which_one_in_chinese(text: str, meant: str) -> None:
    assert await answered(text, CHINESE, "zh-TW") == meant


LIGHTS = Which(
    "Which one?",
    tuple(
        Option(label, on(device))
        for label, device in (
            ("the counter light", "kitchen.counter"),
            ("the hall light", "hall.light"),
            ("the floor lamp", "living.floor"),
        )
    ),
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("the one in the kitchen", "kitchen.counter.power=on"),
        ("the kitchen one", "kitchen.counter.power=on"),
        ("kitchen", "kitchen.counter.power=on"),
        ("the lounge lamp", "living.floor.power=on"),
        ("the counter light and the floor lamp", "kitchen.counter.power=on living.floor.power=on"),
        ("the one in the kitchen and the one in the hall", "kitchen.counter.power=on hall.light.power=on"),
        ("廚房的那盞", "kitchen.counter.power=on"),
        ("廚房的燈和立燈", "kitchen.counter.power=on living.floor.power=on"),
        ("the one upstairs", "none"),
        ("the one downstairs", "none"),
        ("the kitchen and the moon", "none"),
        ("not the kitchen", "none"),
        ("turn off the kitchen light", "none"),
    ],
)
async def test_what_is_pointed_at_by_its_place(text: str, meant: str) -> None:
    assert await answered(text, LIGHTS, "en" if text.isascii() else "zh-TW") == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("yes", "hall.lock.state=unlocked"),
        ("y", "hall.lock.state=unlocked"),
        ("Yes, please!", "hall.lock.state=unlocked"),
        ("go ahead", "hall.lock.state=unlocked"),
        ("no", "! not_wanted"),
        ("no, don't", "! not_wanted"),
        ("cancel", "! not_wanted"),
        ("maybe", "none"),
        ("yes and open the garage door", "none"),
        ("all", "none"),
    ],
)
async def test_whether_it_is_meant(text: str, meant: str) -> None:
    assert await answered(text, CONFIRM) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("60", "study.fan.speed=60"),
        ("to sixty percent", "study.fan.speed=60"),
        ("half", "study.fan.speed=50"),
        ("set it to 70%", "study.fan.speed=70"),
        ("140", "! out_of_range"),
        ("never mind", "! not_wanted"),
        ("fast", "none"),
        ("60 minutes from now", "none"),
    ],
)
async def test_how_much(text: str, meant: str) -> None:
    assert await answered(text, SPEED) == meant


async def test_which_word() -> None:
    assert await answered("blue", COLOR) == "living.floor.color=blue"
    assert await answered("brown", COLOR) == "none"


async def test_nothing_was_asked() -> None:
    assert await answered("the first one", None) == "none"


async def test_a_device_that_is_gone_meanwhile_is_refused() -> None:
    rooms = house()
    left = {key: device for key, device in rooms.devices.items() if key != "study.desk"}
    assert await answered("study", LAMPS, within=House(rooms.areas, left, rooms.states)) == "! no_such_device"
    assert await answered("40", Which("?", waiting=(Action("gone", "speed", None),))) == "! no_such_device"


async def test_the_question_of_a_change_whose_state_is_unknown_can_be_answered() -> None:
    unknown = house({key: value for key, value in STATES.items() if key != ("living.fan", "speed")})
    which = Which(
        "How fast?", waiting=(Action("living.fan", "speed", None), Action("study.fan", "speed", 10.0))
    )
    assert await answered("20", which, within=unknown) == "living.fan.speed=20 study.fan.speed=10"

"""A name and nothing besides: asked about, told of, or left, and the answer is understood in the next turn."""

import pytest

from runtime.commands.interpret import Interpreter
from runtime.commands.meaning import Action, Do, Tell, Which
from runtime.commands.rules.bare import bare
from runtime.commands.rules.clarified import Clarified
from runtime.commands.rules.stage import Rules
from runtime.commands.sentence import NOTHING_SAID, Sentence
from tests.support.commands_house import house

HOUSE = house()


@pytest.mark.parametrize(
    ("text", "language", "question"),
    [
        ("floor lamp", "en", "What shall I do with the floor lamp: turn on or turn off?"),
        ("the kitchen light, please", "en", "What shall I do with the kitchen light: turn on or turn off?"),
        ("living room blinds", "en", "What shall I do with the living room blinds: open or close?"),
        ("front door", "en", "What shall I do with the front door: lock or unlock?"),
        ("hallway light", "en", "What shall I do with the hall light: turn on or turn off?"),
        ("bathroom lamp", "en", "What shall I do with the bathroom light: turn on or turn off?"),
        ("走廊的燈", "zh-TW", "走廊燈要怎麼處理：打開還是關掉？"),
        ("立燈", "zh-TW", "立燈要怎麼處理：打開還是關掉？"),
    ],
)
def test_what_to_do_with_it_is_asked(text: str, language: str, question: str) -> None:
    reading = bare(Sentence(text, language), HOUSE)
    assert reading is not None
    assert isinstance(reading.meaning, Which)
    assert reading.meaning.question == question


@pytest.mark.parametrize("text", ["desk lamp", "movie time", "kitchen", "floor lamp red", "x" * 200, ""])
def test_two_of_a_name_a_scene_a_room_and_more_than_a_name_are_left(text: str) -> None:
    assert bare(Sentence(text), HOUSE) is None


def test_what_only_measures_is_told() -> None:
    sensor = next(
        each for each in HOUSE.devices.values() if not any(able.settable for able in each.capabilities)
    )
    reading = bare(Sentence(sensor.name), HOUSE)
    assert reading is not None
    assert isinstance(reading.meaning, Tell)
    assert reading.meaning.about == (sensor.id,)


@pytest.mark.parametrize(
    ("answer", "action"),
    [
        ("on", Action("living.floor", "power", value=True)),
        ("turn it off please", Action("living.floor", "power", value=False)),
        ("set it to 30 percent", Action("living.floor", "brightness", 30)),
    ],
)
async def test_the_answer_is_understood_in_the_next_turn(rules: Rules, answer: str, action: Action) -> None:
    interpreter = Interpreter((Clarified(), rules))
    _, memory = await interpreter.interpret(Sentence("the floor lamp"), HOUSE, NOTHING_SAID)
    found, _ = await interpreter.interpret(Sentence(answer), HOUSE, memory)
    assert isinstance(found.meaning, Do)
    assert found.meaning.actions == (action,)

"""The page of sentences tells the truth: each example comes to what stands beside it."""

import re
from pathlib import Path

import pytest

from runtime.commands.meaning import Cannot, Do, Tell, Which
from runtime.commands.rules.stage import Rules
from runtime.commands.sentence import Memory, Sentence
from runtime.commands.wording.describe import describe, duration, proposal
from runtime.commands.wording.speak import say
from tests.support.commands_house import house

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "sentences.md").read_text("utf-8")
EXAMPLES = re.findall(r"^\| (?!you say)([^|]+?) \| ([^|]+?) \|$", PAGE, re.MULTILINE)
HOUSE = house()


@pytest.fixture(scope="module")
def rules() -> Rules:
    return Rules(("en", "zh-TW"))


@pytest.mark.parametrize(("said", "comes"), EXAMPLES)
async def test_an_example_comes_to_what_stands_beside_it(rules: Rules, said: str, comes: str) -> None:
    reading = await rules.read(Sentence(said), HOUSE, Memory())
    assert reading is not None
    language = "zh-TW" if said > "\u3000" else "en"
    match reading.meaning:
        case Do(actions, 0):
            told = describe(actions, HOUSE, language)
        case Do(actions, after_s):
            what, delay = proposal(actions, HOUSE, language), duration(after_s, language)
            told = say("result.planned", language, what=what, delay=delay)
        case Which(question):
            told = question
        case Tell(text) | Cannot(_, text):
            told = text
        case _:
            told = ""
    assert told == comes


def test_there_are_examples_of_everything() -> None:
    assert len(EXAMPLES) > 50

"""A model's own words: in clauses, within bounds, and with the last turns in mind."""

import pytest

from runtime.completion import Completer
from runtime.limits import Limits
from runtime.text.tokenizer import Tokenizer
from runtime.voice.talking import ModelTalk
from tests.support.completer import scripted_completer
from tests.support.engine import EngineSimulator
from tests.support.text import byte_level

TOKENIZER = Tokenizer(byte_level())


def scripted(words: str) -> tuple[Completer, EngineSimulator]:
    """A model that says these words."""
    engine = EngineSimulator(TOKENIZER.encode(words, special=False))
    return scripted_completer(engine, Limits()), engine


async def spoken(talk: ModelTalk, text: str, *, language: str = "en", session: str = "") -> list[str]:
    return [each async for each in talk.answer(text, language=language, session=session)]


@pytest.mark.parametrize(
    ("written", "clauses"),
    [
        ("Because of the air. It scatters light.", ["Because of the air.", "It scatters light."]),
        ("Pi is 3.14. Yes!", ["Pi is 3.14.", "Yes!"]),
        ("因為空氣。它散射光！", ["因為空氣。", "它散射光！"]),
        ("First\n\nsecond", ["First", "second"]),
        ("  ", []),
        ("", []),
    ],
)
async def test_what_it_writes_comes_in_clauses(written: str, clauses: list[str]) -> None:
    completer, _ = scripted(written)
    assert await spoken(ModelTalk(completer), "why") == clauses


async def test_it_is_told_to_be_short_and_is_held_to_it() -> None:
    completer, engine = scripted("Well. " * 100)
    clauses = await spoken(ModelTalk(completer), "why")
    assert clauses
    assert set(clauses) == {"Well."}  # what was cut at the end is not said
    (request,) = engine.requests
    assert request.max_tokens <= 96
    assert "read aloud" in TOKENIZER.decode(request.prompt_ids)


async def test_it_remembers_some_turns_of_its_own_session_for_a_while() -> None:
    now = [0.0]
    completer, engine = scripted("Paris.")
    talk = ModelTalk(completer, clock=lambda: now[0])
    for question in ("capital of France", "and its river"):
        await spoken(talk, question, session="hall")
    await spoken(talk, "who lives there", session="kitchen")
    now[0] = 301.0
    await spoken(talk, "late", session="hall")
    prompts = [TOKENIZER.decode(each.prompt_ids) for each in engine.requests]
    assert ["capital of France" in each for each in prompts] == [True, True, False, False]
    assert "Paris." in prompts[1]


async def test_it_remembers_few_turns_and_few_sessions() -> None:
    completer, engine = scripted("Yes.")
    talk = ModelTalk(completer)
    for number in range(6):
        await spoken(talk, f"question <{number}>", session="hall")
    last = TOKENIZER.decode(engine.requests[-1].prompt_ids)
    assert [f"<{number}>" in last for number in range(6)] == [False, False, True, True, True, True]
    for number in range(120):
        await spoken(talk, "hello", session=str(number))
    await spoken(talk, "again", session="hall")
    assert "<5>" not in TOKENIZER.decode(engine.requests[-1].prompt_ids)


async def test_who_speaks_chinese_is_answered_so() -> None:
    completer, engine = scripted("好。")
    await spoken(ModelTalk(completer), "你好", language="zh-TW")
    assert "家的語音助理" in TOKENIZER.decode(engine.requests[0].prompt_ids)

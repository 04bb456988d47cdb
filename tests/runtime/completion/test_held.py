"""Answers held to a form, through a completer whose model thinks aloud or does not."""

from typing import Final

import pytest
from tokenizers import AddedToken
from tokenizers import Tokenizer as Library

from runtime.completion import (
    Choice,
    Completer,
    CompletionEvent,
    CompletionRequest,
    Delta,
    Finished,
    JsonSchema,
    Message,
    Thought,
)
from runtime.completion.wording import Wording
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.text.chat import ChatTemplate
from runtime.text.tokenizer import Tokenizer
from tests.support.engine import EngineSimulator
from tests.support.manifest import tiny_manifest
from tests.support.templates import BEGINS_THINKING, THINKING
from tests.support.text import CHATML, byte_level

pytest.importorskip("llguidance", reason="run script/check: it installs what is new")

ASKED: Final = CompletionRequest(messages=(Message("user", "On or off?"),), constraint=Choice(("on", "off")))


def thinker() -> str:
    """A vocabulary in which the marks of a thought are tokens, though not special ones, as Qwen3's are."""
    library = Library.from_str(byte_level())
    library.add_tokens(
        [AddedToken(mark, special=False, normalized=False) for mark in ("<think>", "</think>")]
    )
    return library.to_str()


def completer(
    wanted: str, template: str, source: str | None = None, *, dialect: str = "none"
) -> tuple[Completer, Tokenizer]:
    tokenizer = Tokenizer(source or byte_level(), ["<think>", "</think>", "<tool_call>"])
    engine = EngineSimulator(
        tokenizer.encode(wanted, special=True),
        loaded=tiny_manifest(context_length=4096, vocabulary_size=700, tool_dialect=dialect),
    )
    wording = Wording.of(tokenizer, ChatTemplate(template), engine.manifest, Limits())
    return Completer(engine, wording, Limits()), tokenizer


async def play(made: Completer, request: CompletionRequest) -> tuple[str, str, str]:
    """Answer, thought, and why it ended."""
    events: list[CompletionEvent] = [event async for event in made.complete(request)]
    answer = "".join(event.text for event in events if isinstance(event, Delta))
    thought = "".join(event.text for event in events if isinstance(event, Thought))
    assert isinstance(events[-1], Finished)
    return answer, thought, events[-1].reason


async def test_an_answer_is_one_of_the_choices() -> None:
    assert await play(completer("off, I think", CHATML)[0], ASKED) == ("off", "", "stop")
    assert (await play(completer("maybe", CHATML)[0], ASKED))[0] in {"on", "off"}


async def test_a_plain_prompt_is_held_to_it_too() -> None:
    request = CompletionRequest(prompt="On or off?", constraint=Choice(("on", "off")))
    assert (await play(completer("off", CHATML)[0], request))[0] == "off"


@pytest.mark.parametrize(("template", "opening"), [(THINKING, "<think>"), (BEGINS_THINKING, "")])
async def test_a_model_may_think_before_it_answers_in_form(template: str, opening: str) -> None:
    made, _ = completer(f"{opening}It is dark.</think>on", template, thinker())
    assert await play(made, ASKED) == ("on", "It is dark.", "stop")


async def test_one_told_not_to_think_does_not() -> None:
    made, _ = completer("<think>It is dark.</think>on", THINKING, thinker())
    answer, thought, _ = await play(
        made, CompletionRequest(ASKED.messages, constraint=ASKED.constraint, thinking=False)
    )
    assert (answer in {"on", "off"}, thought) == (True, "")


async def test_marks_that_are_only_letters_are_the_answers_own() -> None:
    said = '"<think>no</think>"'
    request = CompletionRequest(ASKED.messages, constraint=JsonSchema.of({"type": "string"}))
    assert await play(completer(said, THINKING)[0], request) == (said, "", "stop")
    with pytest.raises(CallerError, match="thinks before it answers"):
        await play(completer(said, BEGINS_THINKING)[0], request)

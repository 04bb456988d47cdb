"""Calls that are sound whatever the model wants to write, in every dialect; alone, amid text, or beside a form."""

import json
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tokenizers import AddedToken
from tokenizers import Tokenizer as Library

from runtime.completion import (
    Called,
    Completer,
    CompletionEvent,
    CompletionRequest,
    Delta,
    Finished,
    JsonSchema,
    Message,
    Regex,
    Thought,
    Tool,
    Wording,
)
from runtime.completion.prompting import reserved
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.text.chat import ChatTemplate
from runtime.text.tokenizer import Tokenizer
from runtime.text.tools import DIALECTS, dialect
from tests.support.dialects import LAMP, WEATHER
from tests.support.engine import EngineSimulator
from tests.support.manifest import tiny_manifest
from tests.support.templates import THINKING, TOOLS
from tests.support.text import byte_level

USER: Final = (Message("user", "It is hot."),)
FAN: Final = Tool(
    "fan",
    "Sets a fan.",
    {
        "$defs": {"speed": {"type": "integer", "minimum": 1, "maximum": 3}},
        "type": "object",
        "properties": {"speed": {"$ref": "#/$defs/speed"}, "on": {"type": "boolean"}},
        "required": ["speed"],
    },
)
OFFERED: Final = (WEATHER, LAMP, FAN)
SCHEMAS: Final = {tool.name: tool.parameters for tool in OFFERED}
NAMES: Final = sorted(DIALECTS)
ANSWER: Final = {
    "type": "object",
    "properties": {"mood": {"enum": ["good", "bad"]}},
    "required": ["mood"],
}
FORM: Final = JsonSchema.of(ANSWER, "response_format")
CALLS: Final = {
    "hermes": '<tool_call>\n{"name": "fan", "arguments": {"speed": 2, "on": true}}\n</tool_call>',
    "granite": '<|tool_call|>[{"name": "fan", "arguments": {"speed": 2, "on": true}}]',
    "smollm2": '<tool_call>[\n{"name": "fan", "arguments": {"speed": 2, "on": true}}\n]</tool_call>',
    "llama3": '{"name": "fan", "parameters": {"speed": 2, "on": true}}',
    "gemma": '{"name": "fan", "parameters": {"speed": 2, "on": true}}',
    "lfm2": "<|tool_call_start|>[fan(speed=2, on=True)]<|tool_call_end|>",
}
TWO: Final = {
    "hermes": f"{CALLS['hermes']}\n{CALLS['hermes']}",
    "granite": CALLS["granite"][:-1] + ", " + CALLS["granite"].removeprefix("<|tool_call|>["),
    "smollm2": '<tool_call>[\n{"name": "fan", "arguments": {"speed": 2}},\n'
    '{"name": "fan", "arguments": {"speed": 3}}\n]</tool_call>',
    "lfm2": '<|tool_call_start|>[fan(speed=2), get_weather(city="Bonn")]<|tool_call_end|>',
}


@cache
def vocabulary(name: str, *, tokens: bool) -> str:
    """A tokenizer in which the marks of a dialect are tokens, or letters."""
    raw = json.loads(byte_level())
    raw["added_tokens"] = [each for each in raw["added_tokens"] if each["content"] != "<tool_call>"]
    library = Library.from_str(json.dumps(raw))
    spoken = dialect(name)
    assert spoken is not None
    marks = sorted(spoken.marks) if tokens else []
    library.add_tokens(
        [AddedToken(mark, special=False, normalized=False) for mark in (*marks, "<think>", "</think>")]
    )
    return library.to_str()


async def play(
    name: str, wanted: str, request: CompletionRequest, *, tokens: bool = True, template: str = TOOLS
) -> tuple[list[CompletionEvent], Finished]:
    tokenizer = Tokenizer(vocabulary(name, tokens=tokens), reserved(dialect(name), template))
    manifest = tiny_manifest(tool_dialect=name, context_length=8192, vocabulary_size=700)
    engine = EngineSimulator(tokenizer.encode(wanted, special=True), loaded=manifest)
    wording = Wording.of(tokenizer, ChatTemplate(template), manifest, Limits())
    *events, last = [event async for event in Completer(engine, wording, Limits()).complete(request)]
    assert isinstance(last, Finished)
    return events, last


def fits(value: Any, schema: Any) -> None:
    assert not [error.message for error in Draft202012Validator(schema).iter_errors(value)]


def calls(events: Sequence[CompletionEvent]) -> list[tuple[str, dict[str, Any]]]:
    return [(event.call.name, dict(event.call.arguments)) for event in events if isinstance(event, Called)]


def text(events: Sequence[CompletionEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


@pytest.mark.parametrize("tokens", [True, False])
@pytest.mark.parametrize("name", NAMES)
async def test_what_a_model_wants_it_may_have(name: str, *, tokens: bool) -> None:
    request = CompletionRequest(USER, tools=OFFERED)
    events, last = await play(name, CALLS[name], request, tokens=tokens)
    assert calls(events) == [("fan", {"speed": 2, "on": True})]
    assert (last.reason, last.refused) == ("tool_calls", ())
    for words in ("It is hot.", "", '{"a": [1, 2]}', "1 < 2 and {x}"):
        events, last = await play(name, words, request, tokens=tokens)
        assert (text(events), calls(events), last.reason) == (words, [], "stop")


@pytest.mark.parametrize(
    ("name", "tokens"), [(name, tokens) for name in sorted(TWO) for tokens in (True, name == "granite")]
)
async def test_several_calls_in_one_answer(name: str, *, tokens: bool) -> None:
    events, last = await play(name, TWO[name], CompletionRequest(USER, tools=OFFERED), tokens=tokens)
    assert (len(calls(events)), last.refused) == (2, ())
    events, last = await play(
        name, TWO[name], CompletionRequest(USER, tools=OFFERED, parallel_calls=False), tokens=tokens
    )
    assert (len(calls(events)), last.refused) == (1, ())


LETTERS = st.text('abfn{}[]()":,=123<> \n', max_size=12)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25)
@given(st.lists(st.sampled_from(["cut", *"0123456789"]) | LETTERS, max_size=3), LETTERS, st.booleans())
async def test_no_call_is_unsound_whatever_is_written(
    name: str,
    pieces: list[str],
    end: str,
    tokens: bool,  # noqa: FBT001  hypothesis gives it by place
) -> None:
    call = CALLS[name]
    wanted = "".join(
        call[: len(call) // 2] if piece == "cut" else call[: int(piece) * 5] if piece.isdigit() else piece
        for piece in pieces
    )
    request = CompletionRequest(USER, tools=OFFERED, max_tokens=300)
    # Each Granite has one of its two marks as a token, and only that is known to be its own.
    events, last = await play(name, wanted + end, request, tokens=tokens or name == "granite")
    for called, arguments in calls(events):
        fits(arguments, SCHEMAS[called])
    assert set(last.refused) <= {"a call was not finished"} or last.reason == "length"


@pytest.mark.parametrize("tokens", [True, False])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "wanted", ["call", '{"mood": "good"}', "Well, ...", '{"name": "door"', "[", "<tool_call>x"]
)
async def test_a_form_and_tools_give_a_call_or_what_fits_the_form(
    name: str, wanted: str, *, tokens: bool
) -> None:
    request = CompletionRequest(USER, tools=OFFERED, constraint=FORM, max_tokens=300)
    asked = CALLS[name] if wanted == "call" else wanted
    events, last = await play(name, asked, request, tokens=tokens)
    if made := calls(events):
        assert (text(events), last.reason) == ("", "tool_calls")
        for called, arguments in made:
            fits(arguments, SCHEMAS[called])
    elif last.reason == "stop":
        fits(json.loads(text(events)), ANSWER)
    if wanted in ("call", '{"mood": "good"}'):
        assert bool(made) == (wanted == "call")
        assert last.reason == ("tool_calls" if made else "stop")
    assert last.refused == () or last.reason == "length"


async def test_a_thought_may_come_first_and_calls_nothing() -> None:
    call = CALLS["hermes"]
    for constraint in (None, FORM):
        wanted = f"<think>{call[:30]} or not?</think>{call}"
        events, last = await play(
            "hermes", wanted, CompletionRequest(USER, tools=OFFERED, constraint=constraint), template=THINKING
        )
        assert any(isinstance(event, Thought) for event in events)
        assert (len(calls(events)), last.reason) == (1, "tool_calls")


async def test_other_forms_leave_no_place_for_a_call() -> None:
    with pytest.raises(CallerError, match="leaves no place") as caught:
        await play("hermes", "", CompletionRequest(USER, tools=OFFERED, constraint=Regex("a", "the pattern")))
    assert caught.value.param == "the pattern"


async def test_what_no_grammar_keeps_is_checked_afterwards() -> None:
    unkept = Tool(
        "sort", "", {"type": "object", "properties": {"tags": {"type": "array", "uniqueItems": True}}}
    )
    wrong = CALLS["hermes"].replace('"speed": 2', '"speed": 9')
    events, last = await play("hermes", wrong, CompletionRequest(USER, tools=(*OFFERED, unkept)))
    assert calls(events) == []
    assert len(last.refused) == 1
    with pytest.raises(CallerError, match="uniqueItems"):
        await play("hermes", "", CompletionRequest(USER, tools=(unkept,), must_call=("sort",)))

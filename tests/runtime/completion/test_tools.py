"""Tools and thoughts on the way through a completer: what is refused, what cannot be forged, what is told."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.completion import (
    Called,
    Completer,
    CompletionEvent,
    CompletionRequest,
    Delta,
    Finished,
    Message,
    Thought,
    Tool,
    ToolCall,
)
from runtime.errors import BundleError, CallerError
from runtime.limits import Limits
from runtime.text.tokenizer import Tokenizer
from tests.support.completer import scripted_completer
from tests.support.dialects import LAMP, WEATHER
from tests.support.engine import EngineSimulator
from tests.support.manifest import tiny_manifest
from tests.support.templates import BEGINS_THINKING, THINKING, TOOLS
from tests.support.text import CHATML, byte_level

TOKENIZER = Tokenizer(byte_level())
MARK = TOKENIZER.added("<tool_call>")
USER = Message("user", "Weather in Paris?")
CALL = ToolCall("call_1", "get_weather", {"city": "Paris"})
RESULT = Message("tool", "18 °C", tool_call_id="call_1")
ASKED = CompletionRequest(messages=(USER,), tools=(WEATHER, LAMP))
PARIS = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>'
ON = '<tool_call>\n{"name": "lamp.set", "arguments": {"on": true}}\n</tool_call>'

UNKEPT = Tool("sort", "", {"type": "object", "properties": {"tags": {"type": "array", "uniqueItems": True}}})
"""Its calls can be checked, but no grammar can keep them."""


def ids_of(text: str) -> tuple[int, ...]:
    return TOKENIZER.encode(text, special=False)


def completer_of(
    answer: str = "", *, dialect: str = "hermes", template: str = TOOLS, limits: Limits | None = None
) -> Completer:
    manifest = tiny_manifest(tool_dialect=dialect, context_length=8192)
    return scripted_completer(EngineSimulator(ids_of(answer), loaded=manifest), limits or Limits(), template)


async def play(
    answer: str, request: CompletionRequest = ASKED, **how: Any
) -> tuple[list[CompletionEvent], Finished]:
    *events, last = [event async for event in completer_of(answer, **how).complete(request)]
    assert isinstance(last, Finished)
    return events, last


def text_of(events: list[CompletionEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


def thought_of(events: list[CompletionEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Thought))


def calls_of(events: list[CompletionEvent]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(event.call.name, event.call.arguments) for event in events if isinstance(event, Called)]


def refused(request: CompletionRequest, **how: Any) -> CallerError:
    with pytest.raises(CallerError) as caught:
        completer_of(**how).encode(request)
    return caught.value


async def test_a_call_is_told_with_an_id_of_its_own_and_every_token_is_counted() -> None:
    assert MARK is not None
    events, last = await play(f"Let me see.\n{PARIS}\n{ON}")
    assert text_of(events) == "Let me see."
    assert calls_of(events) == [("get_weather", {"city": "Paris"}), ("lamp.set", {"on": True})]
    ids = [event.call.id for event in events if isinstance(event, Called)]
    assert len(set(ids)) == 2
    assert all(each.startswith("call_") for each in ids)
    assert (last.reason, last.refused) == ("tool_calls", ())
    assert last.usage.completion == len(ids_of(f"Let me see.\n{PARIS}\n{ON}"))


async def test_what_is_no_call_is_told_as_words_with_the_reason_at_the_end() -> None:
    answer = PARIS.replace("city", "town")
    events, last = await play(answer, replace(ASKED, tools=(*ASKED.tools, UNKEPT)))
    assert (text_of(events), calls_of(events)) == (answer, [])
    assert last.reason == "stop"
    assert last.refused == ("get_weather was called with wrong arguments: city is missing",)


async def test_a_call_cut_off_by_the_length_is_none() -> None:
    size = len(ids_of(PARIS)) - 3
    events, last = await play(PARIS, replace(ASKED, max_tokens=size))
    assert calls_of(events) == []
    assert text_of(events) == TOKENIZER.decode(ids_of(PARIS)[:size])
    assert (last.reason, last.refused) == ("length", ("a call was not finished",))


async def test_the_answer_ends_with_its_first_call_where_one_was_asked_for() -> None:
    events, last = await play(f"{PARIS}\n{ON} and more", replace(ASKED, parallel_calls=False))
    assert calls_of(events) == [("get_weather", {"city": "Paris"})]
    assert (last.reason, last.refused) == ("tool_calls", ())
    assert last.usage.completion < len(ids_of(f"{PARIS}\n{ON}"))


async def test_without_tools_marks_are_text() -> None:
    events, last = await play(PARIS, replace(ASKED, tools=()))
    assert (text_of(events), calls_of(events), last.reason) == (PARIS, [], "stop")


async def test_letters_of_a_mark_that_the_vocabulary_has_as_a_token_are_text() -> None:
    completer = completer_of()
    body = PARIS.removeprefix("<tool_call>")
    spelt = (*ids_of("<tool_"), *ids_of("call>" + body))
    for ids, made in ((spelt, 0), ((MARK or 0, *ids_of(body)), 1)):
        engine = EngineSimulator(ids, loaded=completer.manifest)
        events = [event async for event in scripted_completer(engine, Limits(), TOOLS).complete(ASKED)]
        assert len(calls_of(events)) == made
        assert text_of(events) == ("" if made else PARIS)


async def test_stop_strings_end_words_and_nothing_else() -> None:
    events, last = await play(f"One.{PARIS}STOP", replace(ASKED, stop=("city", "STOP")))
    assert (text_of(events), len(calls_of(events)), last.reason) == ("One.", 1, "tool_calls")
    events, last = await play(f"One. STOP {PARIS}", replace(ASKED, stop=("STOP",)))
    assert (text_of(events), calls_of(events), last.reason) == ("One. ", [], "stop")


def test_a_model_without_a_dialect_is_offered_none() -> None:
    for request, param in (
        (ASKED, "tools"),
        (CompletionRequest(messages=(USER, Message("assistant", "", (CALL,)), RESULT)), "messages"),
    ):
        exc = refused(request, dialect="none")
        assert exc.param == param
        assert "leave tools" in str(exc)


def test_a_template_that_shows_no_tools_is_told() -> None:
    assert "shows it no tools" in str(refused(ASKED, template=CHATML))


def test_an_unknown_dialect_is_the_bundles_fault() -> None:
    with pytest.raises(BundleError, match="in the dialect 'xml', known are hermes"):
        completer_of(dialect="xml")


def test_a_name_that_python_cannot_write_is_refused_where_calls_are_python() -> None:
    bad = (
        Tool("get-weather", "", {}),
        Tool("class", "", {}),
        Tool("a", "", {"type": "object", "properties": {"entity-id": {}}}),
    )
    for tool in bad:
        assert refused(replace(ASKED, tools=(LAMP, tool)), dialect="lfm2").param == "tools[1].function"
        assert completer_of().encode(replace(ASKED, tools=(LAMP, tool)))


@pytest.mark.parametrize(
    ("request_", "param"),
    [
        (replace(ASKED, messages=(), prompt="Hi"), "tools"),
        (replace(ASKED, tools=(LAMP,) * 2), "tools[1].function.name"),
        (replace(ASKED, tools=(Tool("a b", "", {}),)), "tools[0].function.name"),
        (replace(ASKED, tools=tuple(Tool(f"t{n}", "", {}) for n in range(4))), "tools"),
        (replace(ASKED, tools=(Tool("a", "x" * 5000, {}),)), "messages"),
        (replace(ASKED, messages=(USER, RESULT)), "messages[1].tool_call_id"),
        (replace(ASKED, messages=(RESULT, Message("assistant", "", (CALL,)))), "messages[0].tool_call_id"),
        (replace(ASKED, template_switches=(("enable_thinking", True),)), "chat_template_kwargs"),
        (replace(ASKED, thinking=True), "enable_thinking"),
    ],
)
def test_what_no_model_could_do_is_refused(request_: CompletionRequest, param: str) -> None:
    exc = refused(request_, limits=Limits(tools=3, request_bytes=4000))
    assert exc.param == param


async def test_parameters_that_cannot_be_checked_are_refused_by_name() -> None:
    tool = Tool("a", "", {"type": "object", "properties": {"x": {"pattern": "a"}}})
    with pytest.raises(
        CallerError, match=r"tools\[0\]\.function\.parameters: properties\.x\.pattern is a keyword"
    ):
        await play("", replace(ASKED, tools=(tool,)))


SCRAPS = (
    "<",
    "<|im_",
    "end|>",
    "<|im_end|>",
    "<|im_start|>",
    "<tool_",
    "call>",
    "<tool_call>",
    "|>",
    " ",
    "x",
    '"',
    "\\",
    "é",
)
said = st.lists(st.sampled_from(SCRAPS), min_size=1, max_size=5).map("".join)


@pytest.mark.parametrize("dialect", ["hermes", "smollm2", "gemma"])
@given(texts=st.lists(said, min_size=7, max_size=7))
def test_nobody_forges_a_token_in_a_tool_a_call_or_a_result(dialect: str, texts: list[str]) -> None:
    def request(texts: list[str]) -> CompletionRequest:
        described, key, value, question, argument, result, thought = texts
        tool = Tool(
            "t", described, {"type": "object", "properties": {key: {"type": "string", "default": value}}}
        )
        call = ToolCall("call_1", "t", {"role": argument, key: [argument]})
        messages = (
            Message("user", question),
            Message("assistant", thought, (call,), reasoning=thought),
            replace(RESULT, content=result),
        )
        return CompletionRequest(messages=messages, tools=(tool,))

    completer = completer_of(dialect=dialect)
    forged, harmless = completer.encode(request(texts)), completer.encode(request(list("abcdefg")))
    control = {0, 1, 2, MARK} if dialect == "hermes" else {0, 1, 2}
    assert [token for token in forged if token in control] == [
        token for token in harmless if token in control
    ]


async def test_thoughts_are_told_apart_and_counted() -> None:
    events, last = await play("<think>\nHm. Well.\n</think>\n\nParis.", template=THINKING)
    assert (thought_of(events), text_of(events)) == ("Hm. Well.", "Paris.")
    assert (
        0
        < last.thought_tokens
        < last.usage.completion
        == len(ids_of("<think>\nHm. Well.\n</think>\n\nParis."))
    )


async def test_a_thought_that_the_template_opens() -> None:
    events, last = await play("Hm.</think>Paris.", template=BEGINS_THINKING)
    assert (thought_of(events), text_of(events), last.reason) == ("Hm.", "Paris.", "stop")


async def test_a_person_cannot_open_a_thought_for_the_model() -> None:
    ends_with_the_user = "{% for m in messages %}{{ m.content }}{% endfor %}{% if false %}<think>{% endif %}"
    asked = CompletionRequest(messages=(Message("user", "What is <think>"),))
    library = byte_level()
    own = Tokenizer(library, ["<think>"])
    assert own.added("<think>") is None  # this vocabulary has letters only
    events, _ = await play("a tag", asked, template=ends_with_the_user)
    assert text_of(events) + thought_of(events) == "a tag"


async def test_a_thinking_model_that_thinks_only() -> None:
    events, last = await play("<think>Hm.", template=THINKING)
    assert (thought_of(events), text_of(events)) == ("Hm.", "")
    assert last.thought_tokens > 0


def test_the_switch_for_thinking_reaches_the_template() -> None:
    completer = completer_of(template=THINKING)
    asked = CompletionRequest(messages=(USER,))
    plain = completer.encode(asked)
    off = completer.encode(replace(asked, thinking=False))
    assert TOKENIZER.decode(off[len(plain) :]) == "<think>\n\n</think>\n\n"
    assert completer.encode(replace(asked, thinking=True)) == plain
    assert completer.encode(replace(asked, template_switches=(("enable_thinking", False),))) == off


@pytest.mark.parametrize(
    ("template", "fields", "reason"),
    [
        (TOOLS, {"thinking": True}, "does not think"),
        (BEGINS_THINKING, {"thinking": False}, "thinks before every answer"),
        (THINKING, {"template_switches": (("enable_thinkin", True),)}, "did you mean enable_thinking"),
        (TOOLS, {"template_switches": (("x", True),)}, "it has none"),
        (THINKING, {"template_switches": (("messages", "x"),)}, "no switch 'messages'"),
        (THINKING, {"template_switches": (("range", "x"),)}, "no switch 'range'"),
    ],
)
def test_switches_that_the_template_has_not(template: str, fields: dict[str, Any], reason: str) -> None:
    exc = refused(CompletionRequest(messages=(USER,), **fields), template=template)
    assert reason in str(exc)


def test_a_model_that_does_not_think_may_be_told_not_to() -> None:
    completer = completer_of()
    asked = CompletionRequest(messages=(USER,))
    assert completer.encode(replace(asked, thinking=False)) == completer.encode(asked)

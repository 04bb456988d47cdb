"""Every payload is a question or a reason; every result is JSON that a sender can match to its question."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.api.openai.schema import parse as parse_http
from runtime.completion import Choice, Constraint, Finished, JsonSchema, Message
from runtime.engine.request import Timings, Usage
from runtime.errors import BusyError, EngineError
from runtime.limits import Limits
from runtime.mqtt import messages
from runtime.mqtt.messages import MalformedError, Question

LIMITS = Limits(request_bytes=2000, messages=3, stop_strings=2, stop_string_bytes=8)
FINISHED = Finished("stop", Usage(7, 2, 3), Timings(0.0, 0.25, 0.5, 0.01))


def ask(**fields: Any) -> Question:
    return messages.question(json.dumps(fields).encode(), LIMITS)


def reason(payload: bytes) -> MalformedError:
    with pytest.raises(MalformedError) as caught:
        messages.question(payload, LIMITS)
    return caught.value


def test_a_prompt_is_one_turn_of_the_user() -> None:
    asked = ask(id="a", prompt="hello")
    assert (asked.id, asked.model) == ("a", None)
    assert asked.request.messages == (Message("user", "hello"),)
    assert asked.request.prompt is None
    assert asked.request.deadline_s == LIMITS.request_seconds


def test_every_field_arrives() -> None:
    turns = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]
    numbers = {
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 40,
        "min_p": 0.1,
        "repetition_penalty": 1.1,
        "presence_penalty": -1,
        "frequency_penalty": 2,
        "seed": 9,
    }
    asked = ask(id=7, messages=turns, model="m", max_tokens=5, stop=["a", "b"], deadline_s=3, **numbers)
    assert (asked.id, asked.model) == (7, "m")
    assert asked.request.messages == (Message("system", "be brief"), Message("user", "hi"))
    assert (asked.request.max_tokens, asked.request.stop, asked.request.deadline_s) == (5, ("a", "b"), 3.0)
    assert {name: getattr(asked.request.sampling, name) for name in numbers} == numbers
    assert ask(id=1, prompt="x", stop="end").request.stop == ("end",)


def test_messages_and_sampling_are_read_as_over_http() -> None:
    fields = {
        "messages": [{"role": "developer", "content": [{"type": "text", "text": "be brief"}]}],
        "seed": -1,
        "top_k": -1,
        "top_p": 0,
        "logit_bias": {"7": -100},
        "max_tokens": 1 << 21,
        "priority": "command",
        "response_format": {"type": "json_object"},
    }
    assert ask(id=1, **fields).request == replace(
        parse_http(fields, LIMITS).completion, deadline_s=LIMITS.request_seconds
    )


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({}, None),
        ({"response_format": {"type": "json_object"}}, JsonSchema.of({"type": "object"})),
        ({"json_schema": {"type": "integer"}}, JsonSchema.of({"type": "integer"})),
        ({"structured_outputs": {"choice": ["on", "off"]}}, Choice(("on", "off"))),
    ],
)
def test_an_answer_can_be_held_to_a_form(fields: dict[str, Any], constraint: Constraint | None) -> None:
    assert ask(id=1, prompt="x", **fields).request.constraint == constraint


@pytest.mark.parametrize(
    "payload", [b"", b" \n", b"turn on the light", b'"text"', b"[1]", b"\x00\xff\xfe", b"null"]
)
def test_what_is_no_object_is_told_the_form(payload: bytes) -> None:
    exc = reason(payload)
    assert exc.id is None
    assert messages.EXAMPLE in str(exc)


def test_the_form_that_is_told_is_right() -> None:
    assert messages.question(messages.EXAMPLE.encode(), LIMITS).id == "1"


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({"prompt": "x"}, "id is null"),
        ({"id": "", "prompt": "x"}, "id is ''"),
        ({"id": "x" * 129, "prompt": "x"}, "128 characters"),
        ({"id": True, "prompt": "x"}, "id is true"),
        ({"id": 1.5, "prompt": "x"}, "id is 1.5"),
        ({"id": {}, "prompt": "x"}, "id is {}"),
    ],
)
def test_without_an_id_there_is_none_in_the_refusal(fields: dict[str, Any], part: str) -> None:
    exc = reason(json.dumps(fields).encode())
    assert exc.id is None
    assert part in str(exc)


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ({}, "either prompt or messages"),
        ({"prompt": "x", "messages": [{"role": "user", "content": "x"}]}, "either prompt or messages"),
        ({"prompt": "  "}, "prompt is empty"),
        ({"prompt": 3}, "prompt is 3"),
        ({"prompt": "\ud800"}, "surrogate"),
        ({"prompt": "x", "temprature": 1}, "did you mean temperature?"),
        (
            {"prompt": "x", "priority": "urgent"},
            "priority is 'urgent'; send one of command, chat, background",
        ),
        ({"prompt": "x", "response_format": {"type": "xml"}}, "response_format.type is 'xml'"),
        ({"prompt": "x", "json_schema": {}, "response_format": {"type": "json_object"}}, "send one of them"),
        ({"prompt": "x", "streem": True}, "'streem' is not a field of a question; did you mean stream?"),
        ({"prompt": "x", "temperature": 3}, "temperature is 3"),
        ({"prompt": "x", "temperature": -0.1}, "temperature is -0.1"),
        ({"prompt": "x", "temperature": "hot"}, "temperature is 'hot'"),
        ({"prompt": "x", "max_tokens": 0}, "max_tokens is 0"),
        ({"prompt": "x", "max_tokens": 1.5}, "max_tokens is 1.5"),
        ({"prompt": "x", "seed": 0.5}, "seed is 0.5"),
        ({"prompt": "x", "deadline_s": 0}, "deadline_s is 0"),
        ({"prompt": "x", "deadline_s": 1e9}, "deadline_s is"),
        ({"prompt": "x", "stop": ["a", "b", "c"]}, "at most 2"),
        ({"prompt": "x", "stop": "123456789"}, "1 to 8 bytes"),
        ({"prompt": "x", "stop": [""]}, "1 to 8 bytes"),
        ({"prompt": "x", "stop": [1]}, "stop[0] is 1"),
        ({"prompt": "x", "stop": 1}, "stop is 1"),
        ({"prompt": "x", "model": 5}, "model is 5"),
        ({"messages": []}, "messages is []"),
        ({"messages": "hi"}, "messages is 'hi'"),
        ({"messages": [{"role": "user", "content": "x"}] * 4}, "at most 3"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id is missing"),
        ({"messages": [{"role": ["user"], "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content is null"),
        ({"messages": [3]}, "messages[0] is 3"),
    ],
)
def test_a_mistake_in_a_field_names_it_and_keeps_the_id(fields: dict[str, Any], part: str) -> None:
    exc = reason(json.dumps({"id": "k", **fields}).encode())
    assert exc.id == "k"
    assert part in str(exc)
    assert "\n" not in str(exc)


def test_what_is_too_long_or_too_deep_is_refused() -> None:
    assert "2000" in str(reason(b"{" + b" " * 2000))
    assert "nests deeper" in str(reason(b'{"id": "k", "prompt": ' + b"[" * 500))
    assert "not UTF-8" in str(reason(b'{"id": "\xff"}'))
    assert "twice" in str(reason(b'{"id": "k", "id": "l", "prompt": "x"}'))


@given(st.binary(max_size=300) | st.binary(max_size=300).map(lambda tail: b'{"id": "k", "prompt"' + tail))
def test_any_bytes_are_a_question_or_a_reason(payload: bytes) -> None:
    try:
        messages.question(payload, LIMITS)
    except MalformedError as exc:
        result = json.loads(messages.refusal(exc.id, exc))
        assert result["error"]["message"] == str(exc)  # noqa: PT017  a question is as good


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(messages._KNOWN), JSON))
def test_any_values_in_the_known_fields_are_a_question_or_a_reason(fields: dict[str, Any]) -> None:
    try:
        asked = messages.question(json.dumps(fields).encode(), LIMITS)
    except MalformedError as exc:
        assert "\n" not in str(exc)  # noqa: PT017  a question is as good
    else:
        assert asked.id == fields["id"]


@given(st.text(), st.integers() | st.text(min_size=1, max_size=128))
def test_a_result_carries_the_answer_and_the_id(words: str, question_id: str | int) -> None:
    asked = Question(question_id, None, ask(id="x", prompt="x").request)
    result = json.loads(messages.answer(asked, "m", words, FINISHED))
    assert result["text"] == words
    assert result["id"] == question_id
    assert result["finish_reason"] == "stop"
    assert result["usage"] == {
        "prompt_tokens": 7,
        "cached_tokens": 2,
        "completion_tokens": 3,
        "total_tokens": 10,
    }
    assert result["timings"] == {"queued_s": 0.0, "prefill_s": 0.25, "decode_s": 0.5, "overhead_s": 0.01}


@pytest.mark.parametrize(
    ("exc", "code", "told"),
    [
        (MalformedError("no", param="id"), "invalid", "no"),
        (BusyError("later"), "busy", "later"),
        (
            EngineError("0x7ffe in /usr/lib"),
            "failed",
            "the appliance failed on this message; its log has the cause",
        ),
        (KeyError("secret"), "failed", "the appliance failed on this message; its log has the cause"),
    ],
)
def test_a_refusal_says_whose_turn_it_is(exc: Exception, code: str, told: str) -> None:
    result = json.loads(messages.refusal("k", exc))
    assert result["id"] == "k"
    assert (result["error"]["code"], result["error"]["message"]) == (code, told)


def test_status_says_who_and_what() -> None:
    assert json.loads(messages.status("online", "kitchen", model="m", version="1")) == {
        "state": "online",
        "node": "kitchen",
        "model": "m",
        "version": "1",
    }

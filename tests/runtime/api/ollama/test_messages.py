"""Conversations as Ollama's clients, and Home Assistant, send them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.api.ollama.messages import messages
from runtime.completion import Message
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.wire.fields import Fields


def read(*said: dict[str, Any]) -> tuple[Message, ...]:
    return messages(Fields({"messages": list(said)}), Limits())


def call(*names: str, **more: Any) -> dict[str, Any]:
    calls = [{"function": {"name": name, "arguments": {}}} for name in names]
    return {"role": "assistant", "content": None, "tool_calls": calls, **more}


def test_none_means_load() -> None:
    assert read() == ()
    assert messages(Fields({"messages": None}), Limits()) == ()


def test_results_without_any_name_answer_calls_in_order() -> None:
    said = read(call("on", "off"), {"role": "tool", "content": "a"}, {"role": "tool", "content": "b"})
    assert [each.tool_call_id for each in said[1:]] == [each.id for each in said[0].tool_calls]


def test_results_with_a_name_answer_the_first_call_of_that_name_in_the_last_message() -> None:
    said = read(
        call("on"),
        call("on", "off", "on"),
        {"role": "tool", "content": "1", "tool_name": "off"},
        {"role": "tool", "content": "2", "tool_name": "on"},
        {"role": "tool", "content": "3", "tool_name": "on"},
        {"role": "tool", "content": "4", "tool_name": "on"},
    )
    first, (on, off, again) = said[0].tool_calls[0], said[1].tool_calls
    assert [each.tool_call_id for each in said[2:]] == [off.id, on.id, again.id, first.id]


def test_an_id_is_kept() -> None:
    made = {"id": "call_a", "function": {"name": "on", "arguments": {"x": 1}}}
    said = read(call(tool_calls=[made]), {"role": "tool", "content": "", "tool_call_id": "call_a"})
    assert said[0].tool_calls[0].arguments == {"x": 1}
    assert said[1].tool_call_id == said[0].tool_calls[0].id == "call_a"


def test_a_result_whose_call_was_dropped_stays() -> None:
    assert read({"role": "tool", "content": "{}"}) == (Message("tool", "{}"),)


def test_thoughts() -> None:
    (said,) = read({"role": "assistant", "content": "a", "thinking": "b"})
    assert (said.content, said.reasoning) == ("a", "b")


@pytest.mark.parametrize(
    ("said", "param"),
    [
        ({"role": "robot", "content": "a"}, "messages[0].role"),
        ({"content": "a"}, "messages[0].role"),
        ({"role": "user", "content": ["a"]}, "messages[0].content"),
        ({"role": "user", "content": "\ud800"}, "messages[0].content"),
        ({"role": "user", "content": "a", "images": ["aGk="]}, "messages[0].images"),
        (
            call(tool_calls=[{"function": {"name": "a", "arguments": "{}"}}]),
            "messages[0].tool_calls[0].function.arguments",
        ),
        (call(tool_calls=[{"function": {"arguments": {}}}]), "messages[0].tool_calls[0].function.name"),
        (call(tool_calls=[{}]), "messages[0].tool_calls[0].function"),
        ({"role": "tool", "content": "a", "tool_call_id": "x" * 200}, "messages[0].tool_call_id"),
    ],
)
def test_what_is_wrong_is_named(said: dict[str, Any], param: str) -> None:
    with pytest.raises(CallerError) as caught:
        read(said)
    assert caught.value.param == param


KEYS = st.sampled_from(
    [
        "role",
        "content",
        "images",
        "thinking",
        "tool_calls",
        "function",
        "name",
        "arguments",
        "id",
        "tool_name",
        "x",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.sampled_from(["user", "assistant", "tool", "a"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)
KEYS_OF_MESSAGES = st.dictionaries(KEYS, VALUES, max_size=6)


@given(st.lists(KEYS_OF_MESSAGES, max_size=4))
def test_whatever_comes_is_read_or_refused_by_name(said: list[dict[str, Any]]) -> None:
    try:
        found = read(*said)
    except CallerError as exc:
        assert (exc.param or "").startswith("messages")  # noqa: PT017  either is right
    else:
        assert len(found) == len(said)


@given(st.lists(st.integers(0, 4), max_size=12), st.data())
def test_each_result_answers_another_call(kinds: list[int], data: st.DataObject) -> None:
    """However calls and nameless results follow each other, no call is answered twice and none before it is made."""
    said: list[dict[str, Any]] = []
    for kind in kinds:
        names = data.draw(st.lists(st.sampled_from("ab"), min_size=1, max_size=3))
        said.append(call(*names) if kind < 2 else {"role": "tool", "content": ""})
    made: set[str] = set()
    answered: set[str] = set()
    for message in read(*said):
        made |= {each.id for each in message.tool_calls}
        if message.role == "tool" and message.tool_call_id:
            assert message.tool_call_id in made - answered
            answered.add(message.tool_call_id)
        elif message.role == "tool":
            assert answered == made

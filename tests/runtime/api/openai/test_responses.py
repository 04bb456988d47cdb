"""Responses over a real socket, as the `openai` package sends and reads them: items, events in order, nothing kept."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from runtime.api.openai.responses_schema import parse
from runtime.completion import Message, ToolCall
from runtime.errors import CallerError, EngineError
from runtime.limits import Limits
from tests.support.appliance import Appliance, appliance, script
from tests.support.engine import EngineSimulator
from tests.support.manifest import tiny_manifest
from tests.support.templates import THINKING

ANSWER = "Paris. 巴黎"
LAMP: Any = {
    "type": "function",
    "name": "lamp",
    "description": "Switches a lamp.",
    "parameters": {
        "type": "object",
        "properties": {"room": {"type": "string"}, "on": {"type": "boolean"}},
        "required": ["room", "on"],
    },
    "strict": True,
}
CALL = '<tool_call>\n{"name": "lamp", "arguments": {"room": "Küche", "on": true}}\n</tool_call>'
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


class Mood(BaseModel):
    """A form of two words."""

    mood: str
    sure: bool


@asynccontextmanager
async def answering(text: str, **engine: Any) -> AsyncGenerator[tuple[Appliance, openai.AsyncOpenAI]]:
    manifest = tiny_manifest(tool_dialect="hermes", context_length=4096)
    simulator = EngineSimulator(script(text), loaded=manifest, **engine)
    async with (
        appliance(simulator, template=THINKING) as served,
        openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key="-", max_retries=0) as client,
    ):
        yield served, client


async def test_a_whole_response() -> None:
    async with answering(ANSWER) as (served, client):
        answer = await client.responses.create(model="tiny", input="Capital?", instructions="Be brief.")
        assert answer.output_text == ANSWER
        assert (answer.status, answer.error, answer.previous_response_id) == ("completed", None, None)
        assert answer.instructions == "Be brief."
        (item,) = answer.output
        assert item.type == "message"
        assert (item.role, item.status) == ("assistant", "completed")
        assert answer.usage is not None
        assert answer.usage.output_tokens == len(script(ANSWER))
        assert answer.usage.input_tokens == len(served.engine.requests[0].prompt_ids)
        again = await client.responses.create(model="tiny", input="Capital?", instructions="Be brief.")
        assert again.usage is not None
        assert again.usage.input_tokens_details.cached_tokens > 0
        assert again.id != answer.id


async def test_the_events_of_a_stream_come_in_order() -> None:
    async with answering(f"<think>Hm.</think>{ANSWER}{CALL}") as (_, client):
        stream = await client.responses.create(model="tiny", input="Light!", tools=[LAMP], stream=True)
        events: list[Any] = [event async for event in stream]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type.removeprefix("response.") for event in events]
    once = [kind for place, kind in enumerate(kinds) if kinds[place - 1 : place] != [kind]]
    text = ["content_part.added", "output_text.delta", "output_text.done", "content_part.done"]
    thought = [each.replace("output", "reasoning") for each in text]
    assert once == [
        *("created", "in_progress"),
        *("output_item.added", *thought, "output_item.done"),
        *("output_item.added", *text, "output_item.done"),
        "output_item.added",
        *("function_call_arguments.delta", "function_call_arguments.done", "output_item.done"),
        "completed",
    ]
    said = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert said == ANSWER
    last = events[-1].response
    assert last.output_text == ANSWER
    assert [item.type for item in last.output] == ["reasoning", "message", "function_call"]
    assert last.output[0].content[0].text == "Hm."
    assert json.loads(last.output[2].arguments) == {"room": "Küche", "on": True}
    assert last.usage.output_tokens_details.reasoning_tokens > 0
    places = [event.output_index for event in events if event.type == "response.output_item.added"]
    assert places == [0, 1, 2]
    done = [event.item for event in events if event.type == "response.output_item.done"]
    assert done == last.output


async def test_a_call_is_answered_and_the_conversation_goes_on() -> None:
    async with answering(CALL) as (served, client):
        asked: list[Any] = [{"role": "user", "content": [{"type": "input_text", "text": "Light, please."}]}]
        first = await client.responses.create(model="tiny", input=asked, tools=[LAMP])
        (call,) = first.output
        assert call.type == "function_call"
        asked += [call.model_dump(exclude_none=True)]
        asked += [{"type": "function_call_output", "call_id": call.call_id, "output": "done"}]
        served.engine.script = script("It is on.")
        second = await client.responses.create(model="tiny", input=asked, tools=[LAMP])
        assert second.output_text == "It is on."
        assert len(served.engine.requests[1].prompt_ids) > len(served.engine.requests[0].prompt_ids)


@pytest.mark.parametrize("choice", ["required", {"type": "function", "name": "lamp"}])
async def test_a_call_can_be_demanded(choice: Any) -> None:
    async with answering('kitchen", "on": true}}') as (_, client):
        answer = await client.responses.create(model="tiny", input="Light!", tools=[LAMP], tool_choice=choice)
        assert [item.type for item in answer.output] == ["function_call"]


async def test_an_answer_has_the_form_of_a_class() -> None:
    async with answering('good", "sure": true}') as (_, client):
        answer = await client.responses.parse(
            model="tiny", input="How?", text_format=Mood, max_output_tokens=500
        )
        assert answer.output_parsed == Mood(mood="good", sure=True)


async def test_what_was_cut_says_so() -> None:
    async with answering(ANSWER * 9) as (_, client):
        answer = await client.responses.create(model="tiny", input="Capital?", max_output_tokens=3)
        assert answer.status == "incomplete"
        assert answer.incomplete_details is not None
        assert answer.incomplete_details.reason == "max_output_tokens"
        assert answer.output[0].type == "message"
        assert answer.output[0].status == "incomplete"
        stream = await client.responses.create(
            model="tiny", input="Capital?", max_output_tokens=3, stream=True
        )
        assert [event.type async for event in stream][-1] == "response.incomplete"


async def test_likelihoods_are_told_where_they_are_included() -> None:
    async with answering(ANSWER) as (_, client):
        answer = await client.responses.create(
            model="tiny", input="Capital?", include=["message.output_text.logprobs"], top_logprobs=2
        )
        (item,) = answer.output
        assert item.type == "message"
        part = item.content[0]
        assert part.type == "output_text"
        assert part.logprobs is not None
        assert b"".join(bytes(each.bytes) for each in part.logprobs).decode() == ANSWER
        assert {len(each.top_logprobs) for each in part.logprobs} == {2}


async def test_what_it_would_send_is_counted() -> None:
    async with answering(ANSWER) as (served, client):
        asked: Any = {"model": "tiny", "input": "Light!", "instructions": "Be brief.", "tools": [LAMP]}
        counted = await client.responses.input_tokens.count(**asked)
        assert counted.object == "response.input_tokens"
        assert served.engine.requests == []
        answer = await client.responses.create(**asked)
        assert answer.usage is not None
        assert counted.input_tokens == answer.usage.input_tokens


async def test_of_the_tools_some_are_allowed() -> None:
    choice: Any = {
        "type": "allowed_tools",
        "mode": "required",
        "tools": [{"type": "function", "name": "lamp"}],
    }
    async with answering('kitchen", "on": true}}') as (_, client):
        offered: Any = [{**LAMP, "name": "fan"}, LAMP]
        answer = await client.responses.create(
            model="tiny", input="Light!", tools=offered, tool_choice=choice
        )
        assert [item.name for item in answer.output if item.type == "function_call"] == ["lamp"]


async def test_a_failure_in_the_middle_is_an_event() -> None:
    async with answering(ANSWER, fail_after=2, failure=EngineError("out of order")) as (_, client):
        stream = await client.responses.create(model="tiny", input="Capital?", stream=True)
        with pytest.raises(openai.APIError, match="log"):
            assert [event async for event in stream]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"store": True}, "store"),
        ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"truncation": "auto"}, "truncation"),
        ({"prompt": {"id": "x"}}, "prompt"),
        ({"messages": []}, "messages"),
        ({"max_tokens": 5}, "max_tokens"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [LAMP], "tool_choice": {"type": "file_search"}}, "tool_choice"),
        ({"input": None}, "input"),
        ({"input": []}, "input"),
        ({"input": [{"role": "robot", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user", "content": [{"type": "input_image"}]}]}, "input[0].content[0].type"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
        ({"input": [{"type": "function_call", "name": "a", "arguments": "{"}]}, "input[0].arguments"),
        ({"text": {"format": {"type": "xml"}}}, "text.format.type"),
        ({"text": {"format": {"type": "json_schema", "name": "a"}}}, "text.format.schema"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"max_output_token": 1}, "max_output_token"),
        ({"reasoning_effort": "low"}, "reasoning_effort"),
        ({"ignore_eos": True}, "ignore_eos"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"include": [None]}, "include"),
        ({"input": "\ud800"}, "input"),
        ({"input": "word " * 5000}, "input"),
        ({"input": "word " * 5000, "stream": True}, "input"),
        ({"input": [{"type": "function_call_output", "call_id": "1", "output": "x"}]}, "input"),
    ],
)
async def test_what_cannot_be_had_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    async with answering("x") as (served, _):
        body = {"input": "Hi", **fields}
        async with served.client.post("/v1/responses", json=body) as response:
            assert response.status == 400
            assert (await response.json())["error"]["param"] == param


def test_items_of_one_turn_are_one_message() -> None:
    read = parse(
        {
            "instructions": "Be brief.",
            "input": [
                {"role": "user", "content": "Light"},
                {
                    "type": "reasoning",
                    "id": "rs_1",
                    "summary": [],
                    "content": [{"type": "reasoning_text", "text": "Hm"}],
                },
                {
                    "type": "message",
                    "role": "assistant",
                    "content": [{"type": "output_text", "text": "Sure."}],
                },
                {"type": "function_call", "call_id": "1", "name": "lamp", "arguments": '{"on": true}'},
                {"type": "function_call", "call_id": "2", "name": "lamp", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "1", "output": "on"},
                {
                    "type": "function_call_output",
                    "call_id": "2",
                    "output": [{"type": "input_text", "text": "off"}],
                },
                {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "..."},
                {"role": "assistant", "content": "Done."},
                {"role": "assistant", "content": "Really."},
                {"role": "developer", "content": "Go on."},
            ],
            "metadata": {"a": "b"},
            "service_tier": "auto",
            "store": False,
            "include": ["reasoning.encrypted_content"],
            "reasoning": {"effort": "low"},
        },
        Limits(),
    )
    assert read.completion.messages == (
        Message("system", "Be brief."),
        Message("user", "Light"),
        Message(
            "assistant",
            "Sure.",
            (ToolCall("1", "lamp", {"on": True}), ToolCall("2", "lamp", {})),
            reasoning="Hm",
        ),
        Message("tool", "on", tool_call_id="1"),
        Message("tool", "off", tool_call_id="2"),
        Message("assistant", "Done."),
        Message("assistant", "Really."),
        Message("system", "Go on."),
    )
    assert read.echo["metadata"] == {"a": "b"}
    assert read.completion.thinking is None


KEYS = (
    *(
        "input",
        "instructions",
        "tools",
        "tool_choice",
        "text",
        "reasoning",
        "include",
        "top_logprobs",
        "store",
    ),
    *("max_output_tokens", "parallel_tool_calls", "metadata", "stream", "temperature", "truncation", "n"),
)


@given(st.sampled_from(KEYS), JSON)
def test_whatever_is_sent_is_read_or_refused(key: str, value: Any) -> None:
    bodies = [
        value,
        {"input": "x", key: value},
        {"input": [value]},
        {"input": [{"type": "reasoning", "content": value}]},
    ]
    for body in bodies:
        try:
            read = parse(body, Limits())
        except CallerError:
            continue
        assert json.dumps(dict(read.echo))

"""Tool calls and thoughts over a real socket, as the `openai` package sends and reads them."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import openai
import pytest

from tests.support.appliance import Appliance, appliance, script
from tests.support.engine import EngineSimulator
from tests.support.manifest import tiny_manifest
from tests.support.templates import THINKING

LAMP: Any = {
    "type": "function",
    "function": {
        "name": "lamp",
        "description": "Switches a lamp.",
        "parameters": {
            "type": "object",
            "properties": {"room": {"type": "string"}, "on": {"type": "boolean"}},
            "required": ["room", "on"],
        },
    },
}
UNKEPT: Any = {
    "type": "function",
    "function": {
        "name": "sort",
        "parameters": {"type": "object", "properties": {"tags": {"type": "array", "uniqueItems": True}}},
    },
}
"""A tool whose calls no grammar can keep, so that all are checked when they are there."""
ONLY: Any = {"type": "function", "function": {"name": "lamp"}}
HELLO: Any = [{"role": "user", "content": "Light in the kitchen, please."}]
CALL = '<tool_call>\n{"name": "lamp", "arguments": {"room": "Küche", "on": true}}\n</tool_call>'
NO_CALL = '<tool_call>{"name": "lamp", "arguments": {"room": "Küche", "on": "yes"}}</tool_call>'


@asynccontextmanager
async def answering(text: str) -> AsyncGenerator[tuple[Appliance, openai.AsyncOpenAI]]:
    engine = EngineSimulator(script(text), loaded=tiny_manifest(tool_dialect="hermes", context_length=4096))
    async with (
        appliance(engine, template=THINKING) as served,
        openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key="none", max_retries=0) as client,
    ):
        yield served, client


async def test_a_whole_answer_with_calls() -> None:
    async with answering(f"{CALL}\n{CALL}") as (_, client):
        answer = await client.chat.completions.create(model="tiny", messages=HELLO, tools=[LAMP])
        (choice,) = answer.choices
        assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
        first, second = choice.message.tool_calls or (None, None)
        assert first
        assert second
        assert first.type == "function"
        assert first.function.name == "lamp"
        assert json.loads(first.function.arguments) == {"room": "Küche", "on": True}
        assert first.id != second.id
        assert answer.usage is not None
        assert answer.usage.completion_tokens == len(script(f"{CALL}\n{CALL}"))


async def test_a_stream_with_calls_becomes_the_same_message() -> None:
    async with answering(f"Gladly.\n{CALL}{CALL}") as (_, client):
        strict: Any = [{**LAMP, "function": {**LAMP["function"], "strict": True}}]
        async with client.chat.completions.stream(model="tiny", messages=HELLO, tools=strict) as stream:
            kinds = [event.type async for event in stream]
            final = (await stream.get_final_completion()).choices[0]
        assert kinds.count("tool_calls.function.arguments.done") == 2
        assert (final.finish_reason, final.message.content) == ("tool_calls", "Gladly.")
        assert [call.function.name for call in final.message.tool_calls or ()] == ["lamp", "lamp"]
        assert [json.loads(call.function.arguments)["on"] for call in final.message.tool_calls or ()] == [
            True,
            True,
        ]


async def test_each_call_is_one_chunk_with_its_index() -> None:
    async with answering(CALL * 2) as (_, client):
        chunks = [
            chunk
            async for chunk in await client.chat.completions.create(
                model="tiny", messages=HELLO, tools=[LAMP], stream=True
            )
        ]
        deltas = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
        assert [delta.index for delta in deltas] == [0, 1]
        assert all(delta.id and delta.function and delta.function.arguments for delta in deltas)
        assert [chunk.choices[0].finish_reason for chunk in chunks][-1] == "tool_calls"
        assert not any(chunk.choices[0].delta.content for chunk in chunks)


async def test_the_second_turn_with_the_message_that_came() -> None:
    async with answering(CALL) as (served, client):
        answer = await client.chat.completions.create(model="tiny", messages=HELLO, tools=[LAMP])
        message = answer.choices[0].message
        served.engine.script = script("Done.")
        call = (message.tool_calls or [])[0]
        messages = [*HELLO, message.model_dump(), {"role": "tool", "tool_call_id": call.id, "content": "ok"}]
        second = await client.chat.completions.create(model="tiny", messages=messages, tools=[LAMP])
        assert second.choices[0].message.content == "Done."
        assert second.usage is not None
        assert second.usage.prompt_tokens_details is not None
        assert (second.usage.prompt_tokens_details.cached_tokens or 0) > 0


@pytest.mark.parametrize("streamed", [False, True])
async def test_what_is_no_call_says_why(streamed: bool) -> None:  # noqa: FBT001  pytest gives it
    async with answering(NO_CALL) as (served, _):
        body = {"messages": HELLO, "tools": [LAMP, UNKEPT], "stream": streamed}
        async with served.client.post("/v1/chat/completions", json=body) as response:
            text = await response.text()
        last = json.loads(text.split("data: ")[-2]) if streamed else json.loads(text)
        assert last["choices"][0]["finish_reason"] == "stop"
        assert last["tool_call_errors"] == [
            "lamp was called with wrong arguments: on is 'yes', against type 'boolean'"
        ]
        if not streamed:
            assert last["choices"][0]["message"]["content"] == NO_CALL


async def test_a_call_that_was_demanded_and_had_no_room_says_so() -> None:
    async with answering(CALL) as (served, _):
        status, answer = await served.ask(tools=[LAMP], tool_choice="required", max_tokens=3)
        (only,) = answer["choices"]
        assert (status, only["finish_reason"]) == (200, "length")
        assert "tool_calls" not in only["message"]
        (why,) = answer["tool_call_errors"]
        assert "not finished" in why


@pytest.mark.parametrize("mode", ["auto", "required"])
async def test_of_the_tools_some_are_allowed(mode: str) -> None:
    fan = {**LAMP, "function": {**LAMP["function"], "name": "fan"}}
    choice = {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [ONLY]}}
    async with answering(CALL) as (served, _):
        _, answer = await served.ask(tools=[fan, LAMP], tool_choice=choice)
        assert answer["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "lamp"
        await served.ask(tools=[LAMP], tool_choice="required" if mode == "required" else "auto")
        first, second = served.engine.requests
        assert first.prompt_ids == second.prompt_ids


async def test_a_call_that_came_without_arguments_has_none() -> None:
    async with answering("Done.") as (served, _):
        called = {
            "role": "assistant",
            "tool_calls": [{"id": "1", "type": "function", "function": {"name": "lamp", "arguments": ""}}],
        }
        answered = {"role": "tool", "tool_call_id": "1", "content": "ok"}
        assert (await served.ask(messages=[*HELLO, called, answered], tools=[LAMP]))[0] == 200


async def test_thoughts_are_reasoning_content() -> None:
    async with answering("<think>\nHm.\n</think>\n\nParis.") as (served, client):
        answer = await client.chat.completions.create(model="tiny", messages=HELLO)
        message = answer.choices[0].message
        assert message.content == "Paris."
        assert message.model_extra == {"reasoning_content": "Hm."}
        assert answer.usage is not None
        assert answer.usage.completion_tokens_details is not None
        assert (answer.usage.completion_tokens_details.reasoning_tokens or 0) > 0
        stream = await client.chat.completions.create(model="tiny", messages=HELLO, stream=True)
        deltas = [chunk.choices[0].delta async for chunk in stream]
        assert "".join(delta.content or "" for delta in deltas) == "Paris."
        assert "".join((delta.model_extra or {}).get("reasoning_content", "") for delta in deltas) == "Hm."
        status, _ = await served.ask(messages=[*HELLO, message.model_dump(), *HELLO], enable_thinking=False)
        assert status == 200


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"tools": [LAMP], "tool_choice": "any"}, "tool_choice"),
        ({"tools": [LAMP, LAMP]}, "tools[1].function.name"),
        ({"tools": [{"type": "function", "function": {"name": "a", "parameters": {"pattern": "a"}}}]},
         "tools[0].function.parameters"),
        ({"tools": [{"type": "function", "function": {"name": "a", "parameters": {"type": "string"}}}]},
         "tools[0].function.parameters.type"),
        ({"tools": [LAMP], "tool_choice": {
            "type": "allowed_tools", "allowed_tools": {"mode": "none", "tools": [ONLY]}}},
         "tool_choice.allowed_tools.mode"),
        ({"tools": [LAMP], "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}}},
         "tool_choice.allowed_tools.tools"),
        ({"tools": [UNKEPT], "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [
            {"type": "function", "function": {"name": "fan"}}]}}}, "tool_choice"),
        ({"chat_template_kwargs": {"enable_thinkin": True}}, "chat_template_kwargs"),
    ],
)  # fmt: skip
async def test_what_cannot_be_done_is_refused_before_the_stream(fields: dict[str, Any], param: str) -> None:
    async with answering("") as (served, _):
        for streamed in (False, True):
            status, answer = await served.ask(**fields, stream=streamed)
            assert (status, answer["error"]["param"]) == (400, param)
        assert not served.engine.requests


async def test_a_model_that_calls_no_tools_says_so() -> None:
    async with appliance(EngineSimulator(script("Hi"))) as served:
        status, answer = await served.ask(tools=[LAMP])
        assert (status, answer["error"]["param"]) == (400, "tools")
        assert "leave tools" in answer["error"]["message"]
        assert (await served.ask(tools=[LAMP], tool_choice="none"))[0] == 200

"""OpenAI's own client over every route, against real models: SmolLM2 chats, all-MiniLM compares."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import openai
import pytest
import pytest_asyncio
from aiohttp import web

from models.bundle import Bundle
from runtime.api.access import Access
from runtime.api.server import make_app, make_runner
from runtime.api.serving import Serving
from runtime.completion import Completer
from runtime.encoding import TextEncoder
from runtime.engine.engine import OnnxEngine
from runtime.limits import Limits
from tests.support.shown_models import ShownModels

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]
FRANCE: Any = [{"role": "user", "content": "What is the capital of France?"}]


@asynccontextmanager
async def serving(model: Bundle, *encoders: Bundle) -> AsyncIterator[openai.AsyncOpenAI]:
    limits = Limits()
    engine = OnnxEngine.load(model.path, model.manifest, limits=limits)
    completer = Completer.load(model.path, model.manifest, engine, limits)
    models = ShownModels(completer, encoders=[TextEncoder.load(each, "embed") for each in encoders])
    ready = Serving()
    ready.ready(models)
    runner = make_runner(make_app(ready, limits=limits, access=Access()))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    async with openai.AsyncOpenAI(base_url=url, api_key="-", max_retries=0) as client:
        yield client
    await runner.cleanup()
    await engine.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def asking(smollm2: Bundle, minilm: Bundle) -> AsyncIterator[openai.AsyncOpenAI]:
    async with serving(smollm2, minilm) as client:
        yield client


@pytest_asyncio.fixture(params=["smollm2", "gemma"], scope="module", loop_scope="module")
async def calling(request: pytest.FixtureRequest, smollm2: Bundle) -> AsyncIterator[openai.AsyncOpenAI]:
    """The same model, taken for one that calls tools: it was not made to, and what it writes has to be sound anyway."""
    manifest = replace(smollm2.manifest, tool_dialect=str(request.param))
    async with serving(replace(smollm2, manifest=manifest)) as client:
        yield client


async def test_models_are_listed(asking: openai.AsyncOpenAI) -> None:
    assert "smollm2-135m" in [model.id async for model in asking.models.list()]


async def test_vectors_of_like_sentences_are_near(asking: openai.AsyncOpenAI) -> None:
    answer = await asking.embeddings.create(
        model="all-minilm-l6-v2", input=["turn off the light", "switch the lamp off", "what is the weather"]
    )
    light, lamp, weather = (np.array(each.embedding) for each in answer.data)
    assert light @ lamp > 0.7
    assert light @ weather < 0.3


async def test_several_answers_share_the_reading_of_the_prompt(asking: openai.AsyncOpenAI) -> None:
    asked: dict[str, Any] = {"model": "smollm2-135m", "max_tokens": 12, "seed": 5, "temperature": 1.0}
    one = await asking.chat.completions.create(messages=FRANCE, **asked)
    several = await asking.chat.completions.create(messages=FRANCE, n=4, **asked)
    assert len({choice.message.content for choice in several.choices}) > 1
    assert one.usage is not None
    assert several.usage is not None
    assert several.usage.prompt_tokens == one.usage.prompt_tokens
    assert several.usage.completion_tokens > one.usage.completion_tokens


async def test_likelihoods_change_nothing_and_are_probabilities(asking: openai.AsyncOpenAI) -> None:
    form: Any = {
        "type": "json_schema",
        "json_schema": {
            "name": "a",
            "schema": {
                "type": "object",
                "properties": {"city": {"enum": ["Paris", "Rome"]}},
                "required": ["city"],
            },
        },
    }
    for fields in ({}, {"temperature": 0.8, "seed": 3}, {"response_format": form}):
        asked: dict[str, Any] = {"model": "smollm2-135m", "messages": FRANCE, "max_tokens": 24, **fields}
        plain = await asking.chat.completions.create(**asked)
        likely = await asking.chat.completions.create(**asked, logprobs=True, top_logprobs=20)
        assert likely.choices[0].message.content == plain.choices[0].message.content
        told = likely.choices[0].logprobs
        assert told is not None
        assert told.content is not None
        for each in told.content:
            assert each.logprob <= 0
            assert 0 < sum(np.exp(other.logprob) for other in each.top_logprobs) <= 1 + 1e-6
            assert each.logprob <= each.top_logprobs[0].logprob


async def test_a_text_is_continued(asking: openai.AsyncOpenAI) -> None:
    whole = await asking.completions.create(
        model="smollm2-135m", prompt="One, two, three, four,", max_tokens=8, temperature=0, logprobs=1
    )
    assert "five" in whole.choices[0].text
    stream = await asking.completions.create(
        model="smollm2-135m", prompt="One, two, three, four,", max_tokens=8, temperature=0, stream=True
    )
    assert "".join([chunk.choices[0].text async for chunk in stream]) == whole.choices[0].text
    with pytest.raises(openai.BadRequestError, match="suffix"):
        await asking.completions.create(model="smollm2-135m", prompt="a", suffix="b")


LAMP: Any = {
    "name": "set_lamp",
    "description": "Switches the lamp of a room on or off.",
    "parameters": {
        "type": "object",
        "properties": {"room": {"enum": ["kitchen", "bedroom"]}, "on": {"type": "boolean"}},
        "required": ["room", "on"],
    },
}
MOOD: Any = {
    "type": "object",
    "properties": {"mood": {"enum": ["good", "bad"]}},
    "required": ["mood"],
}


async def test_a_response_streams_what_it_is_whole(asking: openai.AsyncOpenAI) -> None:
    asked: dict[str, Any] = {
        "model": "smollm2-135m",
        "instructions": "Be brief.",
        "input": "What is the capital of France?",
        "temperature": 0,
        "max_output_tokens": 24,
    }
    whole = await asking.responses.create(**asked)
    assert "Paris" in whole.output_text
    async with asking.responses.stream(**asked) as stream:
        kinds = [event.type async for event in stream]
        last = await stream.get_final_response()
    assert (kinds[0], kinds[-1]) == ("response.created", f"response.{whole.status}")
    assert last.output_text == whole.output_text
    assert last.usage is not None
    assert last.usage.input_tokens_details.cached_tokens > 0


async def test_a_response_has_the_form_that_was_asked_for(asking: openai.AsyncOpenAI) -> None:
    answer = await asking.responses.create(
        model="smollm2-135m",
        input="How do you feel?",
        text={"format": {"type": "json_schema", "name": "mood", "schema": MOOD}},
    )
    assert json.loads(answer.output_text)["mood"] in {"good", "bad"}


async def test_a_model_that_calls_tools_calls_them_soundly(calling: openai.AsyncOpenAI) -> None:
    tool: Any = {"type": "function", "function": LAMP}
    lights: Any = [{"role": "user", "content": "Switch on the lamp in the kitchen."}]
    form: Any = {"type": "json_schema", "json_schema": {"name": "mood", "schema": MOOD}}
    for fields in ({"tool_choice": "required"}, {}, {"response_format": form}):
        chat: Any = await calling.chat.completions.create(
            model="smollm2-135m", messages=lights, tools=[tool], max_tokens=60, **fields
        )
        (choice,) = chat.choices
        assert not chat.model_extra.get("tool_call_errors") or choice.finish_reason == "length"
        for call in choice.message.tool_calls or ():
            arguments = json.loads(call.function.arguments)
            assert call.function.name == "set_lamp"
            assert arguments["room"] in {"kitchen", "bedroom"}
            assert isinstance(arguments["on"], bool)
        if fields:
            assert choice.message.tool_calls or json.loads(choice.message.content)["mood"]
    flat: Any = {"type": "function", "strict": True, **LAMP}
    response = await calling.responses.create(
        model="smollm2-135m",
        input="Switch on the lamp in the kitchen.",
        tools=[flat],
        tool_choice="required",
    )
    assert [item.type for item in response.output] == ["function_call"]

"""Log-probabilities as OpenAI's client reads them, of chats and of texts, whole and streamed."""

import math
from typing import Any

import openai
import pytest

from tests.support.appliance import Appliance, appliance, script
from tests.support.engine import EngineSimulator

ANSWER = "Paris 巴黎 🇫🇷"
HELLO: Any = [{"role": "user", "content": "Hello"}]


def client(served: Appliance) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key="-", max_retries=0)


async def test_a_chat_tells_each_token_with_its_bytes_and_the_likeliest() -> None:
    async with appliance(EngineSimulator(script(ANSWER))) as served, client(served) as asking:
        whole = await asking.chat.completions.create(
            model="tiny", messages=HELLO, logprobs=True, top_logprobs=3
        )
        told = whole.choices[0].logprobs
        assert told is not None
        assert told.content is not None
        assert b"".join(bytes(each.bytes or ()) for each in told.content).decode() == ANSWER
        assert len(told.content) == len(script(ANSWER))
        for each in told.content:
            assert each.logprob == -math.log(2)
            assert len(each.top_logprobs) == 3
            assert each.top_logprobs[0].bytes == each.bytes
        stream = await asking.chat.completions.create(
            model="tiny", messages=HELLO, logprobs=True, top_logprobs=3, stream=True
        )
        chunks = [chunk async for chunk in stream]
        streamed = [
            each
            for chunk in chunks
            for choice in chunk.choices
            if choice.logprobs is not None
            for each in choice.logprobs.content or ()
        ]
        assert streamed == told.content


async def test_without_asking_there_is_none() -> None:
    async with appliance(EngineSimulator(script(ANSWER))) as served:
        _, answer = await served.ask()
        assert answer["choices"][0]["logprobs"] is None
        assert served.engine.requests[0].logprobs is None
        _, answer = await served.ask(logprobs=True)
        assert [each["top_logprobs"] for each in answer["choices"][0]["logprobs"]["content"]][:1] == [[]]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": -1}, "top_logprobs"),
        ({"logprobs": 5}, "logprobs"),
    ],
)
async def test_what_is_no_number_of_them_is_refused(fields: dict[str, Any], param: str) -> None:
    async with appliance(EngineSimulator(script(ANSWER))) as served:
        status, answer = await served.ask(**fields)
        assert (status, answer["error"]["param"]) == (400, param)


async def test_a_text_has_lists_of_them() -> None:
    async with appliance(EngineSimulator(script(ANSWER))) as served, client(served) as asking:
        whole = await asking.completions.create(model="tiny", prompt="a", max_tokens=99, logprobs=2)
        told = whole.choices[0].logprobs
        assert told is not None
        assert told.tokens is not None
        assert told.text_offset is not None
        assert told.top_logprobs is not None
        assert told.token_logprobs == [-math.log(2)] * len(script(ANSWER))
        assert told.tokens[0] == ANSWER[: len(told.tokens[0])]
        assert told.text_offset[:2] == [0, len(told.tokens[0])]
        assert all(len(each) <= 2 for each in told.top_logprobs)
        stream = await asking.completions.create(
            model="tiny", prompt="a", max_tokens=99, logprobs=2, stream=True
        )
        tokens = [
            token
            async for chunk in stream
            for choice in chunk.choices
            if choice.logprobs is not None
            for token in choice.logprobs.tokens or ()
        ]
        assert tokens == told.tokens
        for fields in ({"logprobs": 21}, {"logprobs": 1, "echo": True}):
            with pytest.raises(openai.BadRequestError) as caught:
                await asking.completions.create(model="tiny", prompt="a", extra_body=fields)
            assert caught.value.param == "logprobs"

"""Texts continued over a real socket: whole, streamed, several at once, echoed, refused; with OpenAI's own client."""

import json
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.api.openai.completions_schema import parse
from runtime.engine.request import Request
from runtime.errors import CallerError
from runtime.limits import Limits
from tests.support.appliance import Appliance, appliance, script
from tests.support.engine import EngineSimulator

ANSWER = "upon a time 很久以前"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    *("prompt", "suffix", "max_tokens", "n", "best_of", "echo", "stream", "stream_options", "stop", "seed"),
    *("temperature", "top_p", "logit_bias", "model", "response_format", "structured_outputs", "logprobs"),
)


def client(served: Appliance) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key="-", max_retries=0)


async def refusal(served: Appliance, **fields: Any) -> dict[str, Any]:
    async with served.client.post("/v1/completions", json=fields) as response:
        assert response.status == 400
        error: dict[str, Any] = (await response.json())["error"]
        return error


async def test_a_text_is_continued_whole_and_in_pieces() -> None:
    async with appliance(EngineSimulator(script(ANSWER))) as served, client(served) as asking:
        whole = await asking.completions.create(model="tiny", prompt="Once ", max_tokens=100)
        (choice,) = whole.choices
        assert (choice.text, choice.finish_reason, choice.index) == (ANSWER, "stop", 0)
        assert whole.object == "text_completion"
        assert whole.usage is not None
        assert whole.usage.completion_tokens == len(script(ANSWER))
        assert served.engine.requests[0].prompt_ids == script("Once ")
        stream = await asking.completions.create(
            model="tiny", prompt="Once ", max_tokens=100, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
        assert "".join(chunk.choices[0].text for chunk in chunks[:-1]) == ANSWER
        assert chunks[-2].choices[0].finish_reason == "stop"
        assert chunks[-1].usage is not None
        assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens


async def test_sixteen_tokens_where_nothing_is_said() -> None:
    async with appliance(EngineSimulator(script(ANSWER * 5))) as served, client(served) as asking:
        answer = await asking.completions.create(model="tiny", prompt="Once ")
        assert answer.choices[0].finish_reason == "length"
        assert answer.usage is not None
        assert answer.usage.completion_tokens == 16


def after(request: Request) -> tuple[int, ...]:
    """An answer of its own to every prompt, and seed."""
    return script(f"{len(request.prompt_ids)} {request.sampling.seed}")


async def test_every_prompt_has_its_answers_in_order_with_seeds_of_their_own() -> None:
    async with appliance(EngineSimulator(after)) as served, client(served) as asking:
        prompts = ["a", "bbb ccc"]
        answer = await asking.completions.create(model="tiny", prompt=prompts, n=2, seed=7, echo=True)
        texts = [choice.text for choice in answer.choices]
        assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
        lengths = [len(script(prompt)) for prompt in prompts]
        assert texts[0] == f"a{lengths[0]} 7"
        assert texts[2] == f"bbb ccc{lengths[1]} 7"
        assert texts[1].startswith("a")
        seeds = {text.split()[-1] for text in texts}
        assert len(seeds) == 2
        assert answer.usage is not None
        assert answer.usage.prompt_tokens == sum(lengths)
        assert answer.usage.completion_tokens == sum(
            len(script(text.removeprefix(prompts[place // 2]))) for place, text in enumerate(texts)
        )
        again = await asking.completions.create(model="tiny", prompt=prompts, n=2, seed=7, echo=True)
        assert [choice.text for choice in again.choices] == texts
        stream = await asking.completions.create(
            model="tiny", prompt=prompts, n=2, seed=7, echo=True, stream=True
        )
        gathered = dict.fromkeys(range(4), "")
        ended = []
        async for chunk in stream:
            for choice in chunk.choices:
                gathered[choice.index] += choice.text
                ended += [choice.index] if choice.finish_reason else []
        assert list(gathered.values()) == texts
        assert sorted(ended) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": ""}, "prompt"),
        ({"prompt": 5}, "prompt"),
        ({"prompt": [1, 2]}, "prompt"),
        ({"prompt": [[1]]}, "prompt"),
        ({"prompt": ["a"] * 9}, "prompt"),
        ({"prompt": ["a"] * 3, "n": 3}, "n"),
        ({"prompt": "a", "n": 9}, "n"),
        ({"prompt": "a", "best_of": 2}, "best_of"),
        ({"prompt": "a", "max_tokens": 0}, "max_tokens"),
        ({"prompt": "a", "max_tokens": 1e99}, "max_tokens"),
        ({"prompt": "a", "suffix": "b"}, "suffix"),
        ({"prompt": "a", "messages": []}, "messages"),
        ({"prompt": "a", "max_tokens": 2, "max_completion_tokens": 1}, "max_tokens"),
        ({"prompt": "a", "max_token": 2}, "max_token"),
        ({"prompt": "a", "tools": [{}]}, "tools"),
        ({"prompt": "a", "system": "x"}, "system"),
        ({"prompt": "\ud800"}, "prompt"),
        ({"prompt": "word " * 5000}, "prompt"),
        ({"prompt": "word " * 5000, "n": 2, "stream": True}, "prompt"),
        ({"prompt": "a", "suffix": "\ud800"}, "suffix"),
    ],
)
async def test_what_cannot_be_had_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    async with appliance(EngineSimulator(script(ANSWER))) as served:
        assert (await refusal(served, **fields))["param"] == param


async def test_a_caller_who_hangs_up_frees_every_slot() -> None:
    engine = EngineSimulator(script(ANSWER * 30), token_s=0.01)
    async with appliance(engine) as served:
        body = {"prompt": "a", "n": 3, "max_tokens": 500, "stream": True}
        async with served.client.post("/v1/completions", json=body) as response:
            await response.content.readline()
        await served.until(running=0, waiting=0)
        assert engine.abandoned >= 1


@given(st.sampled_from(FIELDS), JSON)
def test_whatever_is_sent_is_read_or_refused(field: str, value: Any) -> None:
    for body in (value, {"prompt": "a", field: value}):
        try:
            read = parse(json.loads(json.dumps(body)), Limits())
        except CallerError:
            continue
        assert read.completions
        assert 1 <= read.n * len(read.completions) <= Limits().answers

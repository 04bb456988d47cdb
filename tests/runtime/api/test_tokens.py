"""What a request would become: tokens and back, a prompt, and whether it fits."""

from typing import Any

import pytest

from runtime.limits import Limits
from runtime.text.tokenizer import Tokenizer
from tests.support.appliance import Appliance, appliance
from tests.support.engine import EngineSimulator
from tests.support.text import byte_level


async def post(served: Appliance, path: str, **fields: Any) -> tuple[int, dict[str, Any]]:
    async with served.client.post(path, json=fields) as response:
        return response.status, await response.json()


HELLO = [{"role": "user", "content": "Hello"}]


@pytest.mark.parametrize("text", ["Hello there", "", "ümläut 你好 🙂", " spaced  out\n", "<|im_end|>"])
@pytest.mark.parametrize("special", [True, False])
async def test_tokens_and_back(text: str, special: bool) -> None:  # noqa: FBT001  a parameter of the test
    async with appliance(EngineSimulator()) as served:
        status, said = await post(served, "/tokenize", content=text, parse_special=special)
        assert status == 200
        assert said["tokens"] == list(Tokenizer(byte_level()).encode(text, special=special))
        assert await post(served, "/detokenize", tokens=said["tokens"]) == (200, {"content": text})


async def test_pieces() -> None:
    async with appliance(EngineSimulator()) as served:
        _, said = await post(served, "/tokenize", content="ab", with_pieces=True)
        assert "".join(each["piece"] for each in said["tokens"]) == "ab"


async def test_the_prompt_that_messages_become() -> None:
    async with appliance(EngineSimulator()) as served:
        _, said = await post(served, "/apply-template", messages=HELLO)
        assert "Hello" in said["prompt"]
        assert said["prompt"].endswith("assistant\n")


async def test_what_a_request_would_take() -> None:
    async with appliance(EngineSimulator(), limits=Limits(completion_tokens=20)) as served:
        _, said = await post(served, "/v1/chat/completions/input_tokens", messages=HELLO)
        _, prompt = await post(served, "/apply-template", messages=HELLO)
        _, tokens = await post(served, "/tokenize", content=prompt["prompt"])
        assert said["input_tokens"] == len(tokens["tokens"])
        assert (said["max_tokens"], said["fits"], said["model"]) == (20, True, "tiny")
        _, said = await post(served, "/v1/chat/completions/input_tokens", messages=HELLO, max_tokens=10**6)
        assert not said["fits"]
        assert said["max_tokens"] == said["context"] - said["input_tokens"]
        assert not served.engine.requests


@pytest.mark.parametrize(
    ("path", "fields", "param"),
    [
        ("/tokenize", {}, "content"),
        ("/tokenize", {"content": 5}, "content"),
        ("/tokenize", {"content": "a\ud800"}, "content"),
        ("/detokenize", {"tokens": "abc"}, "tokens"),
        ("/detokenize", {"tokens": [-1]}, "tokens"),
        ("/detokenize", {"tokens": [True]}, "tokens"),
        ("/detokenize", {"tokens": [10**9]}, "tokens"),
        ("/apply-template", {"messages": []}, "messages"),
        ("/v1/chat/completions/input_tokens", {"messages": HELLO, "model": "../x"}, "model"),
    ],
)
async def test_what_cannot_be_read_is_named(path: str, fields: dict[str, Any], param: str) -> None:
    async with appliance(EngineSimulator()) as served:
        status, said = await post(served, path, **fields)
        assert status in {400, 404}
        assert said["error"]["param"] == param

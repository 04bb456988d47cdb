"""Ollama's own client over every path, and Home Assistant's conversation, against real models."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
import pytest_asyncio
from aiohttp import web

from models.bundle import Bundle
from runtime.api.access import Access
from runtime.api.server import make_app, make_runner
from runtime.api.serving import Serving
from runtime.completion import Completer, Wording
from runtime.completion.prompting import reserved
from runtime.encoding import TextEncoder
from runtime.engine.engine import OnnxEngine
from runtime.limits import Limits
from runtime.text.chat import ChatTemplate
from runtime.text.tokenizer import Tokenizer
from runtime.text.tools import dialect
from tests.support.home_assistant import TEMPLATE, Assist
from tests.support.shown_models import ShownModels

ollama = pytest.importorskip(
    "ollama", reason="the package ollama is not installed (pip install 'inglenook[dev]')"
)
pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]

FRANCE = [{"role": "user", "content": "What is the capital of France?"}]
MODEL = "smollm2-135m:latest"
ROUNDS: tuple[tuple[str, str | None, dict[str, Any]], ...] = (
    ("Turn on the kitchen lamp", "HassTurnOn", {"name": "Kitchen Lamp", "domain": ["light"]}),
    ("And the one in the hallway", "HassTurnOn", {"name": "Hallway Lamp", "domain": ["light"]}),
    ("How warm is it in the bedroom?", "GetLiveContext", {}),
    ("Thank you", None, {}),
)
"""What was said to a larger model, and which calls it made."""


@asynccontextmanager
async def listening(models: ShownModels, limits: Limits) -> AsyncIterator[str]:
    serving = Serving()
    serving.ready(models)
    runner = make_runner(make_app(serving, limits=limits, access=Access()))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(smollm2: Bundle, minilm: Bundle) -> AsyncIterator[Any]:
    limits = Limits()
    engine = OnnxEngine.load(smollm2.path, smollm2.manifest, limits=limits)
    completer = Completer.load(smollm2.path, smollm2.manifest, engine, limits)
    models = ShownModels(completer, encoders=[TextEncoder.load(minilm, "embed")])
    async with listening(models, limits) as url:
        yield ollama.AsyncClient(host=url)
    await engine.close()


async def test_chat(client: Any) -> None:
    greedy = {"temperature": 0, "num_predict": 30}
    whole = await client.chat(MODEL, FRANCE, options=greedy)
    assert "Paris" in whole.message.content
    assert whole.prompt_eval_duration > 0
    parts = [
        part async for part in await client.chat(MODEL, FRANCE, options=greedy, stream=True, think=False)
    ]
    assert "".join(part.message.content for part in parts) == whole.message.content
    assert parts[-1].eval_count == whole.eval_count


async def test_generate(client: Any) -> None:
    asked: dict[str, Any] = {"options": {"temperature": 0, "num_predict": 8}}
    raw = await client.generate(MODEL, "The capital of France is", raw=True, **asked)
    assert "Paris" in raw.response
    told = await client.generate(MODEL, "Who are you?", system="You are a parrot.", **asked)
    assert told.response
    assert told.response != (await client.generate(MODEL, "Who are you?", **asked)).response


async def test_a_form(client: Any) -> None:
    properties = {
        "device": {"enum": ["lamp", "fan"]},
        "level": {"type": "integer", "minimum": 0, "maximum": 100},
    }
    schema = {"type": "object", "properties": properties, "required": ["device", "level"]}
    said = [{"role": "user", "content": "Dim the lamp to 40 %."}]
    answer = json.loads((await client.chat(MODEL, said, format=schema)).message.content)
    assert answer["device"] in {"lamp", "fan"}
    assert 0 <= answer["level"] <= 100


async def test_vectors_of_like_sentences_are_near(client: Any) -> None:
    answer = await client.embed(
        "all-minilm-l6-v2", ["turn off the light", "switch the lamp off", "what is the weather"]
    )
    light, lamp, weather = map(np.array, answer.embeddings)
    assert light @ lamp > 0.7
    assert light @ weather < 0.3


async def test_what_does_not_fit_is_refused_with_both_numbers(client: Any) -> None:
    with pytest.raises(ollama.ResponseError, match=r"prompt has 3\d{4} tokens.*8192") as caught:
        await client.chat(MODEL, [{"role": "user", "content": "word " * 30_000}])
    assert caught.value.status_code == 400


async def test_the_lists(client: Any) -> None:
    names = [row.model for row in (await client.list()).models]
    assert MODEL in names
    assert (await client.show(MODEL)).capabilities == ["completion"]
    assert (await client.ps()).models[0].context_length == 8192


@pytest.mark.parametrize(("version", "moved"), [("2024.8", True), ("2024.8", False), ("2025.9", True)])
async def test_home_assistants_prompt_is_read_once(
    version: Any,
    moved: bool,  # noqa: FBT001  pytest gives it
    smollm2: Bundle,
) -> None:
    """The calls are a larger model's; what is in the cache between them is this one's."""
    limits = Limits(completion_tokens=16)
    manifest = replace(smollm2.manifest, tool_dialect="hermes")
    engine = OnnxEngine.load(smollm2.path, manifest, limits=limits)
    completer = Completer(engine, _wording(smollm2.path, engine, limits), limits, move_times=moved)
    read: list[tuple[int, int]] = []
    async with listening(ShownModels(completer), limits) as url, aiohttp.ClientSession(url) as session:
        assist = Assist(MODEL, version)
        for words, name, arguments in ROUNDS:
            assist.hears(words)
            if name is not None:
                read.append(await _asked(session, assist))
                call = {"function": {"name": name, "arguments": arguments}}
                assist.take(
                    iter([{"message": {"content": "", "tool_calls": [call]}}]), lambda *_: '{"data":{}}'
                )
            read.append(await _asked(session, assist))
            assist.take(iter([{"message": {"content": "Done."}}]), lambda *_: "")
    await engine.close()
    print(version, "moved" if moved else "as it came", read)
    prompts, computed = zip(*read, strict=True)
    assert computed[0] == prompts[0] > 1400
    grown = [after - before for before, after in pairwise(prompts)]
    if moved:
        assert all(new <= more + 16 for new, more in zip(computed[1:], grown, strict=True))
    else:
        assert computed[2] > 0.9 * prompts[2]  # what it would be otherwise: the next turn reads all of it


async def _asked(session: aiohttp.ClientSession, assist: Assist) -> tuple[int, int]:
    """Tokens of the prompt, and how many of them were computed."""
    async with session.post("/api/chat", json=assist.request()) as response:
        assert response.status == 200, await response.text()
        last = [json.loads(line) async for line in response.content][-1]
    assert last["done"], last
    return last["prompt_eval_count"], last["prompt_eval_count"] - last["prompt_cached_count"]


def _wording(bundle: Path, engine: OnnxEngine, limits: Limits) -> Wording:
    own = reserved(dialect("hermes"), TEMPLATE)
    tokenizer = Tokenizer.load(bundle / "tokenizer.json", own)
    return Wording.of(tokenizer, ChatTemplate(TEMPLATE), engine.manifest, limits)

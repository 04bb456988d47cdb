"""Ollama's own Python client over every path, against a scripted engine and a tiny encoder."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from runtime.encoding import TextEncoder
from runtime.residency.border import Fetching
from tests.support.appliance import appliance, script
from tests.support.encoders import furnish_encoder
from tests.support.engine import EngineSimulator
from tests.support.manifest import tiny_manifest
from tests.support.stock import StockSimulator

ollama = pytest.importorskip(
    "ollama", reason="the package ollama is not installed (pip install 'inglenook[dev]')"
)

ANSWER = "The capital of France is Paris. 巴黎 🇫🇷"
HELLO = [{"role": "user", "content": "Hello"}]
SHOWN = "{% if tools %}{{ tools }}{% endif %}{% for m in messages %}{{ m.content }}{% endfor %}"


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> TextEncoder:
    folder = tmp_path_factory.mktemp("encoder")
    return TextEncoder.load(furnish_encoder(folder, "embed"), "embed", threads=1)


@pytest.fixture
async def client(encoder: TextEncoder) -> AsyncIterator[Any]:
    stock = StockSimulator([Fetching("weights", 1, 2), Fetching("weights", 2, 2)])
    async with appliance(EngineSimulator(script(ANSWER)), encoders=[encoder], stock=stock) as served:
        yield ollama.AsyncClient(host=served.url)


async def test_chat(client: Any) -> None:
    whole = await client.chat("tiny", HELLO)
    assert whole.message.content == ANSWER
    assert (whole.done, whole.done_reason, whole.model) == (True, "stop", "tiny")
    assert whole.eval_count == len(script(ANSWER))
    created = datetime.fromisoformat(whole.created_at)
    assert abs((datetime.now(UTC) - created).total_seconds()) < 60
    parts = [part async for part in await client.chat("tiny:latest", HELLO, stream=True, keep_alive="5m")]
    assert "".join(part.message.content for part in parts) == ANSWER
    assert [part.done for part in parts][-2:] == [False, True]


async def test_chat_that_loads(client: Any) -> None:
    assert (await client.chat("tiny")).done_reason == "load"


async def test_generate(client: Any) -> None:
    whole = await client.generate(
        "tiny", "Hello", system="Be brief.", options={"num_predict": 3, "num_gpu": 1}
    )
    assert (whole.done_reason, whole.eval_count) == ("length", 3)
    parts = [part async for part in await client.generate("tiny", "Hello", raw=True, stream=True)]
    assert "".join(part.response for part in parts) == ANSWER
    assert (await client.generate("tiny")).done_reason == "load"


async def test_a_form(client: Any) -> None:
    schema = {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]}
    answer = await client.chat("tiny", HELLO, format=schema)
    assert isinstance(json.loads(answer.message.content)["on"], bool)


async def test_tools_and_their_results() -> None:
    def lamp(room: str, on: bool) -> str:  # noqa: FBT001  a tool
        """Switch the light in a room.

        Args:
            room: Which room.
            on: Whether it is to be on.
        """
        return f"{room} {on}"

    call = script('<tool_call>{"name": "lamp", "arguments": {"room": "kitchen", "on": true}}</tool_call>')
    engine = EngineSimulator(call, loaded=tiny_manifest(tool_dialect="hermes", context_length=4096))
    async with appliance(engine, template=SHOWN) as served:
        client = ollama.AsyncClient(host=served.url)
        answer = await client.chat("tiny", HELLO, tools=[lamp])
        (called,) = answer.message.tool_calls
        assert (called.function.name, called.function.arguments) == ("lamp", {"room": "kitchen", "on": True})
        engine.script = script("Done.")
        result = {"role": "tool", "content": lamp(**called.function.arguments), "tool_name": "lamp"}
        done = await client.chat("tiny", [*HELLO, answer.message, result], tools=[lamp])
        assert done.message.content == "Done."


async def test_vectors(client: Any, encoder: TextEncoder) -> None:
    answer = await client.embed("tiny-embed", ["The blinds are closed.", "A lamp gives light."])
    assert [len(each) for each in answer.embeddings] == [encoder.encoder.width] * 2
    assert answer.prompt_eval_count > 0
    old = await client.embeddings("tiny-embed", "A lamp gives light.")
    assert list(old.embedding) == pytest.approx(list(answer.embeddings[1]), abs=1e-5)
    assert (await client.embed("tiny-embed", "")).embeddings == []
    with pytest.raises(ollama.ResponseError, match="tiny is not there to embed"):
        await client.embed("tiny", "x")


async def test_lists(client: Any) -> None:
    (row,) = (await client.list()).models
    assert (row.model, row.details.format) == ("tiny:latest", "onnx")
    (running,) = (await client.ps()).models
    assert (running.model, running.size_vram, running.context_length) == ("tiny:latest", 0, 512)
    assert running.expires_at.year == 9999
    shown = await client.show("tiny")
    assert "completion" in shown.capabilities
    assert shown.modelinfo["llama.context_length"] == 512
    assert "temperature" in shown.parameters


async def test_pull(client: Any) -> None:
    assert (await client.pull("tiny")).status == "success"
    parts = [part async for part in await client.pull("other", stream=True)]
    assert [(part.status, part.completed, part.total) for part in parts] == [
        ("weights", 1, 2),
        ("weights", 2, 2),
        ("success", None, None),
    ]


async def test_refusals(client: Any) -> None:
    for asked, status in (
        (client.chat("none", HELLO), 404),
        (client.show("none"), 404),
        (client.delete("none"), 404),
        (client.delete("tiny"), 400),
        (client.copy("tiny", "other"), 400),
        (client.create("other", from_="tiny"), 400),
        (client.push("tiny"), 400),
        (client.generate("tiny", "x", suffix="y"), 400),
        (client.generate("tiny", "x", images=["aGVsbG8="]), 400),
    ):
        with pytest.raises(ollama.ResponseError) as caught:
            await asked
        assert caught.value.status_code == status
        assert caught.value.error

"""Embeddings over a real socket, by a real (tiny) encoder; read from whatever JSON a stranger sends."""

import asyncio
from typing import Any

import numpy as np
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.bundle import Bundle
from runtime.api.openai.embeddings import EmbeddingsRequest
from runtime.encoding import TextEncoder
from runtime.errors import CallerError
from runtime.limits import Limits
from tests.support.appliance import Appliance, appliance, script
from tests.support.encoders import furnish_encoder
from tests.support.engine import EngineSimulator

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return furnish_encoder(tmp_path_factory.mktemp("embed"), "embed")


def client(served: Appliance) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key="-", max_retries=0)


async def refusal(served: Appliance, **fields: Any) -> dict[str, Any]:
    async with served.client.post("/v1/embeddings", json=fields) as response:
        assert response.status == 400
        error: dict[str, Any] = (await response.json())["error"]
        return error


async def test_the_official_client_gets_the_encoders_own_vectors(embedder: Bundle) -> None:
    encoder = TextEncoder.load(embedder, "embed")
    texts = ["turn off the light", "weather", "turn off the light"]
    async with appliance(EngineSimulator(), encoders=[encoder]) as served, client(served) as asking:
        # It asks for base64 where nothing is said, and for numbers where they are wanted.
        for given_format in (openai.omit, "float"):
            answer = await asking.embeddings.create(
                model="tiny-embed", input=texts, encoding_format=given_format
            )
            vectors = np.array([each.embedding for each in answer.data], np.float32)
            np.testing.assert_allclose(vectors, encoder.answers(texts), atol=1e-6)
            assert [each.index for each in answer.data] == [0, 1, 2]
            assert answer.usage.prompt_tokens == answer.usage.total_tokens == 6 + 3 + 6
        one = await asking.embeddings.create(model="tiny-embed", input=texts[0], dimensions=64)
        np.testing.assert_allclose(one.data[0].embedding, vectors[0], atol=1e-6)


async def test_token_ids_are_taken_as_they_are(embedder: Bundle) -> None:
    encoder = TextEncoder.load(embedder, "embed")
    ids = list(encoder.encode(0, "weather"))
    async with appliance(EngineSimulator(), encoders=[encoder]) as served, client(served) as asking:
        said = await asking.embeddings.create(model="tiny-embed", input="weather", encoding_format="float")
        for sent in (ids, [ids]):
            answer = await asking.embeddings.create(model="tiny-embed", input=sent, encoding_format="float")
            assert answer.data == said.data
        beyond = [ids[0], 100_000, ids[-1]]
        for foreign in (
            ids[1:-1],
            ids[1:],
            ids[:-1],
            ids[:1],
            [9906, 1917],
            beyond,
            [ids[0], *range(100, 164), ids[-1]],
        ):
            error = await refusal(served, input=[ids, foreign])
            assert error["param"] == "input"
            assert "text 2 has" in error["message"]
            assert "send the text itself" in error["message"] or "split it" in error["message"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "input"),
        ({"input": []}, "input"),
        ({"input": ""}, "input"),
        ({"input": ["lamp", ""]}, "input"),
        ({"input": ["lamp", 7]}, "input[1]"),
        ({"input": "lamp", "encoding_format": "int8"}, "encoding_format"),
        ({"input": "lamp", "dimensions": 8}, "dimensions"),
        ({"input": ["lamp"] * 5}, "input"),
        ({"input": ["lamp lamp lamp lamp"] * 4}, "input"),
        ({"input": "lamp " * 63}, "input"),
    ],
)
async def test_what_cannot_be_had_is_refused_by_name(
    embedder: Bundle, fields: dict[str, Any], param: str
) -> None:
    limits = Limits(texts=4, text_tokens=20)
    encoder = TextEncoder.load(embedder, "embed")
    async with appliance(EngineSimulator(), limits=limits, encoders=[encoder]) as served:
        assert (await refusal(served, **fields))["param"] == param


async def test_a_model_that_chats_makes_no_vectors(embedder: Bundle) -> None:
    del embedder
    async with appliance(EngineSimulator()) as served:
        assert (await refusal(served, model="tiny", input="lamp"))["param"] == "model"


async def test_many_may_ask_but_not_endlessly_many_and_chats_go_on(embedder: Bundle) -> None:
    limits = Limits(queue_depth=2, drain_seconds=0.1)
    encoder = TextEncoder.load(embedder, "embed")
    async with appliance(EngineSimulator(script("Hi")), limits=limits, encoders=[encoder]) as served:

        async def vectors() -> int:
            async with served.client.post("/v1/embeddings", json={"input": ["lamp"] * 200}) as response:
                return response.status

        asked = [asyncio.create_task(vectors()) for _ in range(12)]
        assert (await served.ask())[0] == 200
        statuses = await asyncio.gather(*asked)
        assert set(statuses) <= {200, 503}
        assert statuses.count(200) >= 3


@given(JSON)
def test_whatever_is_sent_is_read_or_refused(value: Any) -> None:
    for body in (value, {"input": value}, {"input": "x", "encoding_format": value, "dimensions": value}):
        try:
            read = EmbeddingsRequest.of(body, Limits())
        except CallerError:
            continue
        assert read.texts

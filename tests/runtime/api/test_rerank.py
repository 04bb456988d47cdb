"""Texts in the order of their nearness to a question, by a real encoder."""

from typing import Any

import pytest

from runtime.encoding import TextEncoder, cosines
from tests.support.appliance import Appliance, appliance
from tests.support.encoders import furnish_encoder
from tests.support.engine import EngineSimulator

DOCUMENTS = ["The blinds are closed.", "A lamp gives light.", "Paris is in France."]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> TextEncoder:
    folder = tmp_path_factory.mktemp("encoder")
    return TextEncoder.load(furnish_encoder(folder, "embed"), "embed", threads=1)


async def post(served: Appliance, path: str = "/v1/rerank", **fields: Any) -> tuple[int, dict[str, Any]]:
    async with served.client.post(path, json=fields) as response:
        return response.status, await response.json()


async def test_the_nearest_first_with_the_cosine(encoder: TextEncoder) -> None:
    async with appliance(EngineSimulator(), encoders=[encoder]) as served:
        for path in ("/v1/rerank", "/rerank", "/v1/reranking"):
            status, said = await post(served, path, query="Turn on the light", documents=DOCUMENTS)
            assert status == 200
            vectors = encoder.answers(["Turn on the light", *DOCUMENTS])
            scores = cosines(vectors[0], vectors[1:])
            told = {each["index"]: each["relevance_score"] for each in said["results"]}
            assert told == pytest.approx(dict(enumerate(map(float, scores))), abs=1e-4)
            assert list(told) == sorted(told, key=lambda index: -told[index])


async def test_only_so_many_with_their_texts(encoder: TextEncoder) -> None:
    async with appliance(EngineSimulator(), encoders=[encoder]) as served:
        asked: dict[str, Any] = {
            "query": "light",
            "documents": [{"text": each} for each in DOCUMENTS],
            "top_n": 2,
        }
        _, said = await post(served, **asked, return_documents=True, model=encoder.name)
        assert len(said["results"]) == 2
        assert all(each["document"]["text"] == DOCUMENTS[each["index"]] for each in said["results"])


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"documents": ["a"]}, "query"),
        ({"query": "a"}, "documents"),
        ({"query": "a", "documents": []}, "documents"),
        ({"query": "a", "documents": ["a"] * 257}, "documents"),
        ({"query": "a", "documents": [3]}, "documents[0]"),
        ({"query": "a", "documents": ["a"], "top_n": 0}, "top_n"),
        ({"query": "a", "documents": ["a"], "model": "tiny"}, "model"),
        ({"query": "a " * 2000, "documents": ["a"]}, "query"),
        ({"query": "a", "documents": ["a", "a " * 2000]}, "documents[1]"),
    ],
)
async def test_what_cannot_be_is_named(encoder: TextEncoder, fields: dict[str, Any], param: str) -> None:
    async with appliance(EngineSimulator(), encoders=[encoder]) as served:
        status, said = await post(served, **fields)
        assert status == 400
        assert said["error"]["param"] == param
        assert param == "model" or param in said["error"]["message"]

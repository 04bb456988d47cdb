"""POST /v1/rerank: which of some texts are nearest in meaning to a question, as Jina's and Cohere's clients ask it.

The score is the cosine of the two vectors of an encoder, from -1 to 1: for an order, not as a probability.
https://docs.cohere.com/reference/rerank
"""

from dataclasses import dataclass
from typing import Any, Final, Self

from aiohttp import web

from runtime.api.body import read_json
from runtime.api.keys import SERVING, SPENT
from runtime.api.vectors import VECTORS
from runtime.encoding import cosines
from runtime.errors import CallerError
from runtime.strict_json import shown
from runtime.wire.fields import Fields, text

_DOCUMENTS: Final = 256
PATHS: Final = ("/v1/rerank", "/rerank", "/v1/reranking")


def add_routes(app: web.Application) -> None:
    """Serve the path, and the two other names that llama-server has for it."""
    for path in PATHS:
        app.router.add_post(path, _rerank)


@dataclass(frozen=True, slots=True)
class _Asked:
    model: str | None
    query: str
    documents: tuple[str, ...]
    top_n: int
    return_documents: bool

    @classmethod
    def of(cls, body: object) -> Self:
        fields = Fields.of(body)
        query, documents = fields.text("query"), fields.get("documents")
        if not query:
            raise CallerError("query is missing; send the question", param="query")
        if not isinstance(documents, list) or not 1 <= len(documents) <= _DOCUMENTS:
            raise CallerError(
                f"documents is {shown(documents)}; send a list of 1 to {_DOCUMENTS} texts", param="documents"
            )
        texts = tuple(_text(each, f"documents[{index}]") for index, each in enumerate(documents))
        top_n = fields.integer("top_n", 1, 2**31 - 1)
        return cls(
            fields.text("model"),
            query,
            texts,
            len(texts) if top_n is None else min(top_n, len(texts)),
            fields.flag("return_documents"),
        )


async def _rerank(request: web.Request) -> web.Response:
    asked = _Asked.of(await read_json(request))
    async with request.app[SERVING].models.encoder(asked.model, "embed") as encoder:
        names = ("query", *(f"documents[{index}]" for index in range(len(asked.documents))))
        vectors, _ = await request.app[VECTORS].of(
            encoder, (asked.query, *asked.documents), request[SPENT].add, names
        )
        name = encoder.name
    scores = cosines(vectors[0], vectors[1:])
    order = sorted(range(len(scores)), key=lambda index: (-float(scores[index]), index))
    return web.json_response(
        {
            "model": name,
            "object": "list",
            "results": [_result(asked, index, float(scores[index])) for index in order[: asked.top_n]],
        }
    )


def _result(asked: _Asked, index: int, score: float) -> dict[str, Any]:
    told: dict[str, Any] = {"index": index, "relevance_score": round(score, 6)}
    return told | ({"document": {"text": asked.documents[index]}} if asked.return_documents else {})


def _text(value: object, name: str) -> str:
    """A string, or an object with one, as Cohere's older clients send it."""
    return text(value.get("text"), f"{name}.text") if isinstance(value, dict) else text(value, name)

"""POST /v1/embeddings: vectors of texts, by an encoder beside the model that chats.

https://platform.openai.com/docs/api-reference/embeddings/create
"""

import base64
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeGuard, cast

import numpy as np
from aiohttp import web
from numpy.typing import NDArray

from runtime.api.body import read_json
from runtime.api.keys import LIMITS, SERVING, SPENT
from runtime.api.vectors import VECTORS
from runtime.encoding import Ids
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.strict_json import shown
from runtime.wire.fields import Fields, text

Encoding = Literal["float", "base64"]


def add_routes(app: web.Application) -> None:
    """Serve the path."""
    app.router.add_post("/v1/embeddings", _embeddings)


@dataclass(frozen=True, slots=True)
class EmbeddingsRequest:
    """What was asked."""

    model: str | None
    texts: tuple[str | Ids, ...]
    """Texts, or token ids of the model's own."""
    encoding: Encoding = "float"
    dimensions: int | None = None

    @classmethod
    def of(cls, body: object, limits: Limits) -> Self:
        """Read a parsed JSON body.

        Raises:
            CallerError: a field is missing, has the wrong type or is too much.
        """
        fields = Fields.of(body)
        encoding = fields.get("encoding_format")
        if encoding not in (None, "float", "base64"):
            raise CallerError(
                f"encoding_format is {shown(encoding)}; send float or base64", param="encoding_format"
            )
        return cls(
            fields.text("model"),
            _texts(fields.get("input"), limits),
            cast("Encoding", encoding or "float"),
            fields.integer("dimensions", 1, 1 << 20),
        )


def _texts(value: Any, limits: Limits) -> tuple[str | Ids, ...]:
    """`input`: a string or a list of them, token ids or a list of such lists."""
    if isinstance(value, str) or _are_ids(value):
        value = [value]
    if not isinstance(value, list) or not value:
        raise CallerError(f"input is {shown(value)}; send a string or a list of strings", param="input")
    if len(value) > limits.texts:
        raise CallerError(f"input has {len(value)} texts; send at most {limits.texts} at once", param="input")
    return tuple(_text(each, f"input[{index}]") for index, each in enumerate(value))


def _text(value: Any, name: str) -> str | Ids:
    if _are_ids(value):
        return tuple(value)
    if not text(value, name):
        raise CallerError(f"{name} is empty; send words, or leave it out", param="input")
    return cast("str", value)


def _are_ids(value: Any) -> TypeGuard[list[int]]:
    return isinstance(value, list) and bool(value) and all(type(each) is int for each in value)


async def _embeddings(request: web.Request) -> web.Response:
    asked = EmbeddingsRequest.of(await read_json(request), request.app[LIMITS])
    async with request.app[SERVING].models.encoder(asked.model, "embed") as encoder:
        name, width = encoder.name, encoder.encoder.width
        if asked.dimensions not in (None, width):
            raise CallerError(
                f"dimensions is {asked.dimensions}, but {name} makes vectors of {width}, and a part of one says "
                "something else; leave it out",
                param="dimensions",
            )
        vectors, tokens = await request.app[VECTORS].of(encoder, asked.texts, request[SPENT].add)
    return web.json_response(
        {
            "object": "list",
            "model": name,
            "data": [
                {"object": "embedding", "index": index, "embedding": _written(vector, asked.encoding)}
                for index, vector in enumerate(vectors)
            ],
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }
    )


def _written(vector: NDArray[np.float32], encoding: Encoding) -> list[float] | str:
    """Numbers, or the little-endian float32 of them in base64."""
    if encoding == "base64":
        return base64.b64encode(vector.astype("<f4").tobytes()).decode()
    return [float(each) for each in vector]

"""POST /api/embed, and /api/embeddings for older clients: texts to vectors. https://docs.ollama.com/api/embed.

`truncate` is ignored, true or false: a text that is longer than the model reads is refused with both numbers.
"""

import time
from dataclasses import dataclass
from typing import Any, Final, Self

from aiohttp import web

from runtime.api.body import read_json
from runtime.api.keys import SERVING, SPENT
from runtime.api.ollama import names, wishes
from runtime.api.ollama.leaving import may_stay
from runtime.api.ollama.wire import nanoseconds
from runtime.api.vectors import VECTORS
from runtime.encoding import TextEncoder
from runtime.errors import CallerError
from runtime.strict_json import shown
from runtime.wire.fields import Fields, text

_TEXTS: Final = 256
_WIDEST: Final = 1 << 16


def add_routes(app: web.Application) -> None:
    """Serve both paths."""
    app.router.add_post("/api/embed", _embed)
    app.router.add_post("/api/embeddings", _embeddings)


@dataclass(frozen=True, slots=True)
class _Asked:
    called: str
    texts: tuple[str, ...]
    dimensions: int | None
    keep_alive_s: float | None

    @classmethod
    def of(cls, body: object, key: str) -> Self:
        """Without a text the model is only loaded."""
        fields = Fields.of(body)
        return cls(
            names.asked(fields),
            _texts(fields.get(key), key),
            fields.integer("dimensions", 1, _WIDEST),
            wishes.keep_alive(fields),
        )


async def _embed(request: web.Request) -> web.Response:
    started = time.monotonic()
    asked = _Asked.of(await read_json(request, curl=True), "input")
    models = request.app[SERVING].models
    async with models.encoder(
        names.ours(asked.called), "embed", keep_alive_s=may_stay(request, asked.keep_alive_s)
    ) as encoder:
        load_s = time.monotonic() - started
        vectors, read = await _vectors(request, encoder, asked)
    return web.json_response(
        {
            "model": asked.called,
            "embeddings": vectors,
            "total_duration": nanoseconds(time.monotonic() - started),
            "load_duration": nanoseconds(load_s),
            "prompt_eval_count": read,
        }
    )


async def _embeddings(request: web.Request) -> web.Response:
    asked = _Asked.of(await read_json(request, curl=True), "prompt")
    models = request.app[SERVING].models
    async with models.encoder(
        names.ours(asked.called), "embed", keep_alive_s=may_stay(request, asked.keep_alive_s)
    ) as encoder:
        vectors, _ = await _vectors(request, encoder, asked)
    return web.json_response({"embedding": vectors[0] if vectors else []})


async def _vectors(
    request: web.Request, encoder: TextEncoder, asked: _Asked
) -> tuple[list[list[float]], int]:
    """The vectors, and how many tokens were read for them."""
    width = encoder.encoder.width
    if asked.dimensions not in (None, width):
        raise CallerError(
            f"dimensions is {asked.dimensions}, but {encoder.name} has {width}; leave it out",
            param="dimensions",
        )
    vectors, read = await request.app[VECTORS].of(encoder, asked.texts, request[SPENT].add)
    return vectors.tolist(), read


def _texts(value: Any, key: str) -> tuple[str, ...]:
    """A text or several."""
    if value in (None, "", []):
        return ()
    if isinstance(value, str):
        return (text(value, key),)
    if not isinstance(value, list) or len(value) > _TEXTS:
        raise CallerError(f"{key} is {shown(value)}; send a text, or a list of at most {_TEXTS}", param=key)
    return tuple(text(each, f"{key}[{index}]") for index, each in enumerate(value))

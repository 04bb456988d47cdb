"""GET /v1/models and /v1/models/{id}."""

from typing import Any

from aiohttp import web

from models.licences import terms_of
from runtime.api.keys import SERVING
from runtime.completion import Completer


def add_routes(app: web.Application) -> None:
    """Serve both paths."""
    app.router.add_get("/v1/models", _models)
    app.router.add_get("/v1/models/{id}", _model)


async def _models(request: web.Request) -> web.Response:
    ready = request.app[SERVING].answering()
    data = [_described(completer, int(ready.since)) for completer in ready.models.values()]
    return web.json_response({"object": "list", "data": data})


async def _model(request: web.Request) -> web.Response:
    serving = request.app[SERVING]
    completer = serving.completer(request.match_info["id"])
    return web.json_response(_described(completer, int(serving.answering().since)))


def _described(completer: Completer, created: int) -> dict[str, Any]:
    """OpenAI's model object; `meta` as llama-server gives it, and `kv`; `licence` with the words it wants shown."""
    manifest = completer.manifest
    terms = terms_of(manifest.licence)
    return {
        "id": completer.name,
        "object": "model",
        "created": created,
        "owned_by": "inglenook",
        "version": manifest.version,
        "licence": {"id": terms.spdx, "url": terms.url, "display": terms.display},
        "meta": {
            "n_ctx_train": manifest.context_length,
            "n_vocab": manifest.vocabulary_size,
            "n_params": manifest.parameters,
            "kv": manifest.kv or None,
            "size": sum(file.size for file in manifest.files),
        },
    }

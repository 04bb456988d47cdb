"""GET /v1/models and /v1/models/{id}: the bundles, and what hears and speaks beside them."""

import asyncio
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from models.bundle import Bundle
from models.licences import terms_of
from models.manifest import TEMPLATE_NAME, Manifest
from runtime.api.keys import SERVING, VOICES
from runtime.api.openai.speech_schema import MODEL
from runtime.errors import ModelNotFoundError
from runtime.voice.border import Voices


def add_routes(app: web.Application) -> None:
    """Serve both paths."""
    app.router.add_get("/v1/models", _models)
    app.router.add_get("/v1/models/{id}", _model)


async def _models(request: web.Request) -> web.Response:
    models = request.app[SERVING].models
    since = {each.bundle.digest: each.since for each in models.resident()}
    data = [_described(each, since.get(each.digest)) for each in await asyncio.to_thread(models.available)]
    named = {each["id"] for each in data}
    heard = [each for each in _heard_of(request.app[VOICES]) if each["id"] not in named]
    return web.json_response({"object": "list", "data": data + heard})


async def _model(request: web.Request) -> web.Response:
    models, name = request.app[SERVING].models, request.match_info["id"]
    try:
        found = await models.find(name)
    except ModelNotFoundError:
        for each in _heard_of(request.app[VOICES]):
            if each["id"] == name:
                return web.json_response(each)
        raise
    since = {each.bundle.digest: each.since for each in models.resident()}
    return web.json_response(_described(found, since.get(found.digest)))


def _heard_of(voices: Voices) -> Iterator[dict[str, Any]]:
    """What listens, which may be a bundle as well, and all voices together: they come with the appliance."""
    if voices.recognizer is not None:
        yield _beside(voices.recognizer, "transcribe", languages=voices.languages)
    if voices.voices:
        yield _beside(MODEL, "speak", voices=voices.voices)


def _beside(name: str, task: str, **more: tuple[str, ...]) -> dict[str, Any]:
    meta = {
        "task": task,
        "converses": False,
        "loaded": True,
        **{key: list(value) for key, value in more.items()},
    }
    return {"id": name, "object": "model", "created": 0, "owned_by": "inglenook", "meta": meta}


def _added(bundle: Bundle) -> int:
    """When it came to this machine, in seconds since the epoch; 0 if it has just been removed."""
    try:
        return int(bundle.path.stat().st_mtime)
    except FileNotFoundError:
        return 0


def _described(bundle: Bundle, since: float | None) -> dict[str, Any]:
    """OpenAI's model object; `meta` as llama-server gives it, and `kv`; `licence` with the words it wants shown.

    `since`: when it came into memory, in seconds since the epoch; None: it is on disk, and comes when it is asked for.
    """
    manifest = bundle.manifest
    terms = terms_of(manifest.licence)
    return {
        "id": manifest.name,
        "object": "model",
        "created": _added(bundle),
        "owned_by": "inglenook",
        "version": manifest.version,
        "licence": {"id": terms.spdx, "url": terms.url, "display": terms.display},
        "meta": {
            "n_ctx_train": manifest.context_length,
            "n_vocab": manifest.vocabulary_size,
            "n_params": manifest.parameters,
            "kv": manifest.kv or None,
            "size": bundle.size,
            "task": manifest.task,
            "converses": _converses(manifest),
            "loaded": since is not None,
        },
    }


def _converses(manifest: Manifest) -> bool:
    """Whether it takes messages: a base model, whose chat template is empty, continues a text."""
    empty = any(file.path == TEMPLATE_NAME and not file.size for file in manifest.files)
    return manifest.task == "generate" and not empty

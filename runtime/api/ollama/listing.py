"""GET /api/tags, /api/ps and /api/version, POST /api/show: what is here, and what it is."""

import asyncio
from typing import Any, Final

from aiohttp import web

import runtime
from models.bundle import Bundle
from models.licences import terms_of
from runtime.api.body import read_json
from runtime.api.keys import SERVING
from runtime.api.ollama import about
from runtime.api.ollama.names import asked, ours
from runtime.api.ollama.wire import moment
from runtime.residency.border import Resident
from runtime.wire.fields import Fields

SPOKEN: Final = "0.13.0"
"""The version of Ollama whose API this is: clients look whether theirs is old enough for it."""
_FOR_EVER: Final = "9999-12-31T23:59:59Z"


def add_routes(app: web.Application) -> None:
    """Serve the paths."""
    app.router.add_get("/api/version", _version)
    app.router.add_get("/api/tags", _tags)
    app.router.add_get("/api/ps", _ps)
    app.router.add_post("/api/show", _show)


async def _version(request: web.Request) -> web.Response:
    del request
    return web.json_response({"version": SPOKEN, "inglenook": runtime.__version__})


async def _tags(request: web.Request) -> web.Response:
    models = request.app[SERVING].models

    def rows() -> list[dict[str, Any]]:
        return [about.listed(each) for each in models.available()]

    return web.json_response({"models": await asyncio.to_thread(rows)})


async def _ps(request: web.Request) -> web.Response:
    return web.json_response({"models": [_running(each) for each in request.app[SERVING].models.resident()]})


def _running(resident: Resident) -> dict[str, Any]:
    """All of it is in the machine's own memory: `size_vram` is of a graphics card's."""
    manifest = resident.bundle.manifest
    context = resident.completer.engine.context if resident.completer else manifest.context_length
    return about.named(resident.bundle) | {
        "size": resident.bytes,
        "size_vram": 0,
        "expires_at": _FOR_EVER if resident.until is None else moment(resident.until),
        "context_length": context,
    }


async def _show(request: web.Request) -> web.Response:
    called = asked(Fields.of(await read_json(request, curl=True)))
    found = await request.app[SERVING].models.find(ours(called))
    return web.json_response(await asyncio.to_thread(_shown, found))


def _shown(found: Bundle) -> dict[str, Any]:
    manifest, terms = found.manifest, terms_of(found.manifest.licence)
    family = manifest.architecture
    return {
        "license": "\n".join(filter(None, (terms.spdx, terms.url, terms.display))),
        "modelfile": f"# from {manifest.source.uri}; `ingle show {manifest.name}` tells more\nFROM {manifest.name}\n",
        "parameters": _parameters(found),
        "template": about.template(found),
        "details": about.details(found),
        "model_info": {
            "general.architecture": family,
            "general.basename": manifest.name,
            "general.parameter_count": manifest.parameters,
            f"{family}.context_length": manifest.context_length,
            f"{family}.vocab_size": manifest.vocabulary_size,
            **({f"{family}.embedding_length": manifest.encoder.width} if manifest.encoder else {}),
        },
        "capabilities": about.capabilities(found),
        "modified_at": about.modified(found),
    }


def _parameters(bundle: Bundle) -> str:
    """How tokens are chosen where a caller says nothing, a line each, as a Modelfile has it."""
    if bundle.manifest.task != "generate":
        return ""
    said = bundle.manifest.sampling
    values = {
        "temperature": said.temperature,
        "top_p": said.top_p,
        "top_k": said.top_k,
        "repeat_penalty": said.repetition_penalty,
    }
    return "\n".join(f"{name:<30} {value}" for name, value in values.items())

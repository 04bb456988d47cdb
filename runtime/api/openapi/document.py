"""GET /openapi.json: the document put together. Every path that is served is in it, and no other; a test says so."""

from typing import Any, Final

from aiohttp import web

import runtime
from runtime.api.openapi import admin, appliance, audio, chat, ollama, responses, texts

PATHS: Final = frozenset({"/openapi.json"})
_ROOMS: Final = (admin, appliance, audio, chat, ollama, responses, texts)


def add_routes(app: web.Application) -> None:
    """Serve the path."""
    told = document()

    async def openapi(_: web.Request) -> web.Response:
        return web.json_response(told)

    app.router.add_get("/openapi.json", openapi)


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Inglenook",
            "version": runtime.__version__,
            "summary": "Small language models and plain-words commands, on this machine.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}, {}],
        "paths": {path: each for room in _ROOMS for path, each in room.PATHS.items()},
        "components": {
            "schemas": {name: each for room in _ROOMS for name, each in room.SCHEMAS.items()},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }

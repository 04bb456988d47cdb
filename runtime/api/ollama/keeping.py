"""POST /api/pull, DELETE /api/delete: models come and go. Those of Ollama's paths that make or send models are refused.

https://docs.ollama.com/api/pull, https://docs.ollama.com/api/delete
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from types import MappingProxyType
from typing import Any, Final, Never

from aiohttp import web

from runtime.api.body import read_json
from runtime.api.keys import SERVING, STOCK
from runtime.api.ollama.lines import Lines, stream
from runtime.api.ollama.names import asked, ours
from runtime.errors import CallerError, ModelNotFoundError
from runtime.residency.border import Fetching
from runtime.wire.fields import Fields

_SUCCESS: Final = {"status": "success"}
_HUBS: Final = ("hf.co/", "huggingface.co/")
_INSTEAD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "/api/create": "models are built by `ingle pull` and `ingle quantize` on the appliance; send a system prompt "
        "and options with each request",
        "/api/copy": "a model has one name here; on the appliance, `ingle pull NAME --name OTHER` keeps another",
        "/api/push": "nothing is sent from here; publish a model where its weights came from",
    }
)


def add_routes(app: web.Application) -> None:
    """Serve the paths."""
    app.router.add_post("/api/pull", _pull)
    app.router.add_delete("/api/delete", _delete)
    for path in _INSTEAD:
        app.router.add_post(path, _refuse)


async def _pull(request: web.Request) -> web.StreamResponse:
    fields = Fields.of(await read_json(request, curl=True))
    reference = _reference(asked(fields))
    streamed = fields.get("stream") is None or fields.flag("stream")
    async with aclosing(_lines(request, reference)) as lines:
        if streamed:
            return await stream(request, lines)
        async for _ in lines:
            pass
    return web.json_response(_SUCCESS)


async def _lines(request: web.Request, reference: str) -> Lines:
    """What is here already is not asked for."""
    try:
        await request.app[SERVING].models.find(reference)
    except ModelNotFoundError:
        events: AsyncGenerator[Fetching, None] = request.app[STOCK].pull(reference)
        async with aclosing(events):
            async for event in events:
                yield (_told(event),)
    yield (_SUCCESS,)


def _told(event: Fetching) -> dict[str, Any]:
    counts = {"completed": event.done, "total": event.total}
    return {"status": event.what} | {key: count for key, count in counts.items() if count is not None}


def _reference(called: str) -> str:
    """What `ingle pull` calls it; a repository of the hub has no tags there."""
    for hub in _HUBS:
        if called.startswith(hub):
            return f"hf:{called.removeprefix(hub).removesuffix(':latest')}"
    return called if called.startswith("hf:") else ours(called)


async def _delete(request: web.Request) -> web.Response:
    models = request.app[SERVING].models
    found = await models.find(ours(asked(Fields.of(await read_json(request, curl=True)))))
    if any(each.pinned and each.bundle.digest == found.digest for each in models.resident()):
        raise CallerError(
            f"{found.manifest.name} is what this appliance serves by default; name another in model.name first",
            param="model",
        )
    await models.unload(found.reference)
    await request.app[STOCK].remove(found.reference)
    return web.Response()


async def _refuse(request: web.Request) -> Never:
    path = request.path
    raise CallerError(f"{path} is not served: {_INSTEAD[path]}")

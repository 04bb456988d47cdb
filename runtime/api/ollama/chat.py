"""POST /api/chat and /api/generate: https://docs.ollama.com/api/chat, https://docs.ollama.com/api/generate."""

from aiohttp import web

from runtime.api.body import read_json
from runtime.api.callers import client_of
from runtime.api.keys import LIMITS
from runtime.api.ollama import schema
from runtime.api.ollama.answering import answer
from runtime.api.ollama.wire import Reply, in_message, in_response


def add_routes(app: web.Application) -> None:
    """Serve both paths."""
    app.router.add_post("/api/chat", _chat)
    app.router.add_post("/api/generate", _generate)


async def _chat(request: web.Request) -> web.StreamResponse:
    body = await read_json(request, curl=True)
    asked = schema.chat(body, request.app[LIMITS], client=client_of(request))
    return await answer(request, asked, Reply(asked.called, in_message))


async def _generate(request: web.Request) -> web.StreamResponse:
    body = await read_json(request, curl=True)
    asked = schema.generate(body, request.app[LIMITS], client=client_of(request))
    return await answer(request, asked, Reply(asked.called, in_response))

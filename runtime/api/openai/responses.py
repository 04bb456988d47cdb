"""POST /v1/responses: an answer and how it came about, as items; whole, or as named events. Nothing is kept."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from aiohttp import web

from runtime.api.billing import account
from runtime.api.body import read_json
from runtime.api.callers import client_of
from runtime.api.keys import LIMITS, SERVING
from runtime.api.openai.naming import prompt_called
from runtime.api.openai.responses_schema import parse
from runtime.api.openai.responses_wire import Unfolding
from runtime.api.openai.sse import Objects, stream
from runtime.completion import CompletionEvent
from runtime.errors import EngineError

Events = AsyncGenerator[CompletionEvent, None]


def add_routes(app: web.Application) -> None:
    """Serve the path."""
    app.router.add_post("/v1/responses", _respond)


async def _respond(request: web.Request) -> web.StreamResponse:
    asked = parse(await read_json(request), request.app[LIMITS], client=client_of(request))
    async with request.app[SERVING].models.completer(asked.model) as completer:
        response = Unfolding(completer.name, int(time.time()), asked.echo)
        async with (
            aclosing(completer.complete(asked.completion, bill=account(request))) as events,
            aclosing(_objects(response, events)) as told,
        ):
            with prompt_called("input"):
                if asked.stream:
                    return await stream(request, told, named=True)
                async for event in told:
                    if event["type"] in ("response.completed", "response.incomplete"):
                        return web.json_response(event["response"])
    raise EngineError("the answer ended without saying why")


async def _objects(response: Unfolding, events: Events) -> Objects:
    """The events of a stream. The first waits for the first event: until then a refusal has its own status."""
    begun = False
    async for event in events:
        if not begun:
            begun = True
            for told in response.begin():
                yield told
        for told in response.feed(event):
            yield told

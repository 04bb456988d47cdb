"""The way from what was asked to its answer, for chat and generate alike: one JSON object, or one a line.

Closing is the whole of cancelling: when the caller hangs up, aiohttp cancels the handler, the generators
below it are closed, and the engine's slot is free within one token.
"""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, assert_never

from aiohttp import web

from runtime.api.access import need
from runtime.api.billing import account
from runtime.api.keys import CALLER, SERVING
from runtime.api.ollama.leaving import may_stay
from runtime.api.ollama.lines import Lines, stream
from runtime.api.ollama.schema import Asked
from runtime.api.ollama.wire import Reply, Spent
from runtime.api.scopes import Scope
from runtime.completion import Called, CompletionEvent, Delta, Finished, Progress, Thought
from runtime.errors import EngineError

Events = AsyncGenerator[CompletionEvent, None]


async def answer(request: web.Request, asked: Asked, reply: Reply) -> web.StreamResponse:
    """Do what was asked.

    Raises:
        RefusalError: the key is good for having models leave, and no more.
        CallerError, BusyError, BundleError, EngineError: before the first line of a stream; later ones travel in it.
    """
    started = time.monotonic()
    models = request.app[SERVING].models
    stays_s = may_stay(request, asked.keep_alive_s)
    if asked.completion is None and asked.keep_alive_s == 0:  # takes a key for chats or for the models
        left = stays_s == 0 and await models.unload(asked.model)
        there = {
            name for each in models.resident() for name in (each.bundle.manifest.name, each.bundle.reference)
        }
        kept = not left and asked.model in there  # the default stays
        return await _one(request, reply.moved("load" if kept else "unload"), asked)
    need(request[CALLER], frozenset({Scope.CHAT}))
    async with models.completer(asked.model, keep_alive_s=stays_s) as completer:
        load_s = time.monotonic() - started
        wanted = asked.for_model(completer)
        if wanted is None:
            return await _one(request, reply.moved("load"), asked)
        async with aclosing(completer.complete(wanted, bill=account(request))) as events:
            if asked.stream:
                async with aclosing(_lines(reply, events, started, load_s)) as lines:
                    return await stream(request, lines)
            return web.json_response(await _whole(reply, events, started, load_s))


async def _one(request: web.Request, said: dict[str, Any], asked: Asked) -> web.StreamResponse:
    """An answer of one line."""
    if not asked.stream:
        return web.json_response(said)

    async def line() -> Lines:
        yield (said,)

    async with aclosing(line()) as lines:
        return await stream(request, lines)


async def _whole(reply: Reply, events: Events, started: float, load_s: float) -> dict[str, Any]:
    parts: list[CompletionEvent] = []
    async for event in events:
        if isinstance(event, Finished):
            return reply.ending(event, Spent(time.monotonic() - started, load_s), parts)
        parts.append(event)
    raise EngineError("the answer ended without saying why")


async def _lines(reply: Reply, events: Events, started: float, load_s: float) -> Lines:
    async for event in events:
        match event:
            case Progress():
                yield ()
            case Delta() | Thought() | Called():
                yield (reply.of(event),)
            case Finished():
                yield (reply.ending(event, Spent(time.monotonic() - started, load_s)),)
            case _:
                assert_never(event)

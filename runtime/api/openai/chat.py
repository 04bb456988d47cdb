"""POST /v1/chat/completions: one JSON object, or server-sent events that end with `data: [DONE]`.

Closing is the whole of cancelling: when the caller hangs up, aiohttp cancels the handler, the generators
below it are closed, and the engine's slot is free within one token.
"""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final, assert_never

from aiohttp import web

from runtime.api.body import read_json
from runtime.api.callers import client_of
from runtime.api.keys import LIMITS, RUNNING, SERVING
from runtime.api.middleware import explain
from runtime.api.openai.schema import ChatRequest, parse
from runtime.api.openai.wire import Reply
from runtime.completion import Called, CompletionEvent, Delta, Finished, Progress, Thought
from runtime.errors import EngineError

Events = AsyncGenerator[CompletionEvent, None]
Objects = AsyncGenerator[dict[str, Any], None]

_STREAM_HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would hold the stream back
}


def add_routes(app: web.Application) -> None:
    """Serve the path."""
    app.router.add_post("/v1/chat/completions", _chat)


async def _chat(request: web.Request) -> web.StreamResponse:
    asked = parse(await read_json(request), request.app[LIMITS], client=client_of(request))
    async with request.app[SERVING].models.completer(asked.model) as completer:
        reply = Reply(f"chatcmpl-{secrets.token_hex(12)}", int(time.time()), completer.name)
        async with aclosing(completer.complete(asked.completion)) as events:
            if asked.stream:
                async with aclosing(_chunks(reply, asked, events)) as chunks:
                    return await _stream(request, chunks)
            return web.json_response(await _whole(reply, events))


async def _whole(reply: Reply, events: Events) -> dict[str, Any]:
    answer: list[CompletionEvent] = []
    async for event in events:
        if isinstance(event, Finished):
            return reply.whole(answer, event)
        answer.append(event)
    raise EngineError("the answer ended without saying why")


async def _chunks(reply: Reply, asked: ChatRequest, events: Events) -> Objects:
    """The objects of a stream. The first waits for the first event: until then a refusal has its own status."""
    started = time.monotonic()
    opened = False
    calls = 0
    async for event in events:
        if not opened:
            opened = True
            yield reply.opening()
        match event:
            case Progress():
                if asked.return_progress:
                    yield reply.progress(event, time.monotonic() - started)
            case Delta(text):
                yield reply.delta(text)
            case Thought(text):
                yield reply.thought(text)
            case Called(call):
                yield reply.called(call, calls)
                calls += 1
            case Finished():
                for last in reply.ending(event, include_usage=asked.include_usage):
                    yield last
            case _:
                assert_never(event)


async def _stream(request: web.Request, chunks: Objects) -> web.StreamResponse:
    first = await anext(chunks)
    response = web.StreamResponse(headers=_STREAM_HEADERS)
    await response.prepare(request)
    try:
        with request.app[RUNNING].told():
            await _send(request, response, _compact(first))
            async for chunk in chunks:
                await _send(request, response, _compact(chunk))
            await _send(request, response, "[DONE]")
    except ConnectionError:
        raise
    except Exception as exc:  # noqa: BLE001  the status is out, so the failure travels as an event
        await _send(request, response, explain(request, exc).text)
    return response


def _compact(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))


async def _send(request: web.Request, response: web.StreamResponse, data: str) -> None:
    """Write one event. JSON in ASCII has no line break in it that could end the event early.

    Raises:
        ConnectionError: the caller is gone, or has read nothing for too long, which counts as gone.
    """
    stall = request.app[LIMITS].stall_seconds
    try:
        async with asyncio.timeout(stall):
            await response.write(f"data: {data}\n\n".encode())
    except TimeoutError as exc:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionAbortedError(f"the stream was left unread for {stall:g} s") from exc

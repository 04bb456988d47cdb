"""POST /v1/chat/completions: one JSON object, or server-sent events that end with `data: [DONE]`."""

import secrets
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import aclosing
from typing import Any, assert_never

from aiohttp import web

from runtime.api.billing import account
from runtime.api.body import read_json
from runtime.api.callers import client_of
from runtime.api.keys import LIMITS, SERVING
from runtime.api.openai.schema import ChatRequest, parse
from runtime.api.openai.sse import Objects, stream
from runtime.api.openai.wire import Reply
from runtime.completion import (
    Called,
    CompletionEvent,
    Delta,
    Finished,
    Progress,
    Thought,
    complete_all,
    total,
)

Events = AsyncGenerator[tuple[int, CompletionEvent], None]


def add_routes(app: web.Application) -> None:
    """Serve the path."""
    app.router.add_post("/v1/chat/completions", _chat)


async def _chat(request: web.Request) -> web.StreamResponse:
    asked = parse(await read_json(request), request.app[LIMITS], client=client_of(request))
    async with request.app[SERVING].models.completer(asked.model) as completer:
        reply = Reply(f"chatcmpl-{secrets.token_hex(12)}", int(time.time()), completer.name)
        async with aclosing(
            complete_all(completer, [asked.completion], asked.n, bill=account(request))
        ) as events:
            if asked.stream:
                async with aclosing(_chunks(reply, asked, events)) as chunks:
                    return await stream(request, chunks)
            return web.json_response(await _whole(reply, asked, events))


async def _whole(reply: Reply, asked: ChatRequest, events: Events) -> dict[str, Any]:
    answers: list[list[CompletionEvent]] = [[] for _ in range(asked.n)]
    async for index, event in events:
        if not isinstance(event, Progress):
            answers[index].append(event)
    ended = [part for parts in answers for part in parts if isinstance(part, Finished)]
    return reply.whole(answers, total(ended, asked.n), likely=asked.completion.logprobs is not None)


async def _chunks(reply: Reply, asked: ChatRequest, events: Events) -> Objects:
    """The objects of a stream. The first waits for the first event: until then a refusal has its own status."""
    started = time.monotonic()
    calls = dict.fromkeys(range(asked.n), 0)
    opened: set[int] = set()
    ended: dict[int, Finished] = {}
    async for index, event in events:
        if index not in opened:
            opened.add(index)
            yield reply.opening(index)
        match event:
            case Progress():
                if asked.return_progress and not index:
                    yield reply.progress(event, time.monotonic() - started)
            case Called():
                yield reply.called(event.call, calls[index], index)
                calls[index] += 1
            case Delta() | Thought():
                yield reply.more(event, index)
            case Finished():
                ended[index] = event
                for last in _last(reply, asked, index, ended):
                    yield last
            case _:
                assert_never(event)


def _last(
    reply: Reply, asked: ChatRequest, index: int, ended: Mapping[int, Finished]
) -> Iterator[dict[str, Any]]:
    """The end of one answer, and where it was the last one, what all took."""
    last = reply.ended(ended[index], index)
    if len(ended) < asked.n:
        yield last
    else:
        costs = total([ended[each] for each in range(asked.n)], asked.n)
        yield from reply.ending(last, costs, include_usage=asked.include_usage)

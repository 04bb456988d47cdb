"""POST /v1/completions: a text continued, or filled in before a suffix; whole, or as server-sent events."""

import secrets
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, assert_never

from aiohttp import web

from runtime.api.billing import account
from runtime.api.body import read_json
from runtime.api.callers import client_of
from runtime.api.keys import LIMITS, SERVING
from runtime.api.openai.completions_schema import TextRequest, parse
from runtime.api.openai.counts import finish_reason, remarks, usage_of
from runtime.api.openai.likelihoods import of_text
from runtime.api.openai.naming import prompt_called
from runtime.api.openai.sse import Objects, stream
from runtime.completion import (
    Called,
    CompletionEvent,
    Delta,
    Finished,
    Progress,
    Said,
    Thought,
    complete_all,
    total,
)

Events = AsyncGenerator[tuple[int, CompletionEvent], None]


def add_routes(app: web.Application) -> None:
    """Serve the path."""
    app.router.add_post("/v1/completions", _complete)


async def _complete(request: web.Request) -> web.StreamResponse:
    asked = parse(await read_json(request), request.app[LIMITS], client=client_of(request))
    async with request.app[SERVING].models.completer(asked.model) as completer:
        reply = _Reply(f"cmpl-{secrets.token_hex(12)}", int(time.time()), completer.name, asked)
        async with aclosing(
            complete_all(completer, asked.completions, asked.n, bill=account(request))
        ) as events:
            with prompt_called("prompt"):
                if asked.stream:
                    async with aclosing(_chunks(reply, events)) as chunks:
                        return await stream(request, chunks)
                return web.json_response(await _whole(reply, events))


async def _whole(reply: "_Reply", events: Events) -> dict[str, Any]:
    texts = [[reply.echo(place)] for place in range(reply.count)]
    said = [list[Said]() for _ in texts]
    ended: dict[int, Finished] = {}
    async for place, event in events:
        match event:
            case Delta(text, tokens):
                texts[place].append(text)
                said[place] += tokens
            case Finished():
                ended[place] = event
            case Progress() | Thought() | Called():
                pass
            case _:
                assert_never(event)
    choices = [
        reply.choice(place, "".join(text), finish_reason(ended[place]), reply.likely(said[place]))
        for place, text in enumerate(texts)
    ]
    return reply.object(choices) | reply.costs(ended, usage=True)


async def _chunks(reply: "_Reply", events: Events) -> Objects:
    """The objects of a stream. The first waits for the first event: until then a refusal has its own status."""
    shown = dict.fromkeys(range(reply.count), 0)
    echoed: set[int] = set()
    ended: dict[int, Finished] = {}
    async for place, event in events:
        if place not in echoed and (text := reply.echo(place)):
            yield reply.object([reply.choice(place, text)])
        echoed.add(place)
        match event:
            case Delta(text, tokens):
                yield reply.object([reply.choice(place, text, likely=reply.likely(tokens, shown[place]))])
                shown[place] += len(text)
            case Finished():
                ended[place] = event
                last = reply.object([reply.choice(place, "", finish_reason(event))])
                if len(ended) < reply.count:
                    yield last
                    continue
                if reply.asked.include_usage:
                    yield last
                    last = reply.object([])
                yield last | reply.costs(ended, usage=reply.asked.include_usage)
            case Progress() | Thought() | Called():
                pass
            case _:
                assert_never(event)


@dataclass(frozen=True, slots=True)
class _Reply:
    """What all objects of one answer carry."""

    id: str
    created: int
    model: str
    asked: TextRequest

    @property
    def count(self) -> int:
        return len(self.asked.completions) * self.asked.n

    def echo(self, place: int) -> str:
        """What stands before an answer."""
        return (self.asked.completions[place // self.asked.n].prompt or "") if self.asked.echo else ""

    def object(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "text_completion",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        }

    def choice(
        self, place: int, text: str, finish: str | None = None, likely: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        return {"index": place, "text": text, "logprobs": likely, "finish_reason": finish}

    def likely(self, tokens: Sequence[Said], offset: int = 0) -> dict[str, Any] | None:
        """How likely tokens were, where that was asked for."""
        return None if self.asked.completions[0].logprobs is None else of_text(tokens, offset)

    def costs(self, ended: dict[int, Finished], *, usage: bool) -> dict[str, Any]:
        everything = total([ended[place] for place in range(self.count)], self.asked.n)
        return ({"usage": usage_of(everything)} if usage else {}) | remarks(everything)

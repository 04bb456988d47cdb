"""What answers cost in tokens, put to the request's account as they end. Of one that is given up nobody knows."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from aiohttp import web

from runtime.api.keys import SPENT
from runtime.completion import CompletionEvent, Finished


async def billed(
    request: web.Request, events: AsyncGenerator[CompletionEvent, None]
) -> AsyncGenerator[CompletionEvent, None]:
    """The same events."""
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Finished):
                request[SPENT].add(event.usage.prompt, event.usage.completion)
            yield event


async def billed_all(
    request: web.Request, events: AsyncGenerator[tuple[int, CompletionEvent], None]
) -> AsyncGenerator[tuple[int, CompletionEvent], None]:
    """The same events, of several answers."""
    async with aclosing(events):
        async for index, event in events:
            if isinstance(event, Finished):
                request[SPENT].add(event.usage.prompt, event.usage.completion)
            yield index, event

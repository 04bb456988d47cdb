"""Streams: computed while what came of them is still being used, and left off when nobody wants the rest."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import TypeVar

Item = TypeVar("Item")


async def ahead(source: AsyncGenerator[Item, None], most: int) -> AsyncGenerator[Item, None]:
    """What `source` gives, with up to `most` more of it ready. Closing it closes `source`; its errors come in turn."""
    ready: asyncio.Queue[Item] = asyncio.Queue(most)

    async def fill() -> None:
        async with aclosing(source):
            async for item in source:
                await ready.put(item)

    filling = asyncio.create_task(fill(), name="voice.ahead")
    try:
        while not (filling.done() and ready.empty()):
            waiting = asyncio.create_task(ready.get(), name="voice.ahead.next")
            try:
                await asyncio.wait({filling, waiting}, return_when=asyncio.FIRST_COMPLETED)
                if waiting.done() or not ready.empty():
                    yield await waiting
            finally:
                waiting.cancel()
        filling.result()
    finally:
        filling.cancel()
        await asyncio.wait({filling})


@asynccontextmanager
async def left(source: AsyncIterator[Item]) -> AsyncIterator[None]:
    """Within this, `source` is iterated; behind it, it is closed, if it is such that it can be."""
    try:
        yield
    finally:
        if isinstance(source, AsyncGenerator):
            await source.aclose()

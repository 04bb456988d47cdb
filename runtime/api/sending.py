"""Writing to a caller who may not be reading."""

import asyncio

from aiohttp import web

from runtime.api.keys import LIMITS


async def write(request: web.Request, response: web.StreamResponse, data: bytes) -> None:
    """Write a piece of a stream.

    Raises:
        ConnectionError: the caller is gone, or has read nothing for too long, which counts as gone.
    """
    stall = request.app[LIMITS].stall_seconds
    try:
        async with asyncio.timeout(stall):
            await response.write(data)
    except TimeoutError as exc:
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionAbortedError(f"the stream was left unread for {stall:g} s") from exc

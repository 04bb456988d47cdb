"""GET /kiosk/live: what `live.py` has to tell, as a stream of server-sent events that ends when the caller hangs up.

It ends, too, when the caller's key is taken back.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web

from runtime.api.callers import sender_of
from runtime.api.keys import ADMITTED, CALLER, LIVE
from runtime.api.scopes import Scope
from runtime.api.sending import write

PATH: Final = "/kiosk/live"
_PIECE: Final = 1 << 14
"""Bytes that are handed to a socket at a time: what a slow reader makes us hold stays near this."""
HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would hold the stream back
}


def add_routes(app: web.Application) -> None:
    """Serve the path, and look after what it tells for as long as the application runs."""
    app.router.add_get(PATH, _live)
    app.cleanup_ctx.append(_looking)


async def _looking(app: web.Application) -> AsyncIterator[None]:
    looking = asyncio.create_task(app[LIVE].run(), name="kiosk.live")
    yield
    looking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await looking


async def _live(request: web.Request) -> web.StreamResponse:
    live = request.app[LIVE]
    with live.entered():
        response = web.StreamResponse(headers=HEADERS)
        await response.prepare(request)
        async with contextlib.aclosing(live.stream(_sender(request))) as events:
            async for data in events:
                if not request[ADMITTED]():
                    break
                for begin in range(0, len(data), _PIECE):
                    await write(request, response, data[begin : begin + _PIECE])
        return response


def _sender(request: web.Request) -> str | None:
    """Whose house it is; None for a key that is not good for any."""
    return sender_of(request) if Scope.COMMAND in request[CALLER].scopes else None

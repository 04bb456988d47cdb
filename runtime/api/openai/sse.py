"""Server-sent events: the objects of a stream to a caller who may read slowly, hang up, or be told of a failure.

Closing is the whole of cancelling: when the caller hangs up, aiohttp cancels the handler, the generators
below it are closed, and the engine's slot is free within one token.
"""

import json
from collections.abc import AsyncGenerator
from typing import Any, Final

from aiohttp import web

from runtime.api.keys import RUNNING
from runtime.api.middleware import explain
from runtime.api.sending import write

Objects = AsyncGenerator[dict[str, Any], None]

_STREAM_HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would hold the stream back
}


async def stream(request: web.Request, chunks: Objects) -> web.StreamResponse:
    """Send objects as they come, and `[DONE]` behind the last. The first is waited for before the status goes out.

    Raises: whatever the first raises; later failures are events of the stream.
    """
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
        ConnectionError: as `write`.
    """
    await write(request, response, f"data: {data}\n\n".encode())

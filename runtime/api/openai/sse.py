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


async def stream(request: web.Request, chunks: Objects, *, named: bool = False) -> web.StreamResponse:
    """Send objects as they come, and `[DONE]` behind the last. The first is waited for before the status goes out.

    `named`: each event has its object's `type` for a name, a failure is of the type `error`, and no `[DONE]` follows.

    Raises: whatever the first raises; later failures are events of the stream.
    """
    first = await anext(chunks)
    response = web.StreamResponse(headers=_STREAM_HEADERS)
    await response.prepare(request)
    told = 1
    try:
        with request.app[RUNNING].told():
            await write(request, response, _event(first, named=named))
            async for chunk in chunks:
                await write(request, response, _event(chunk, named=named))
                told += 1
            if not named:
                await write(request, response, b"data: [DONE]\n\n")
    except ConnectionError:
        raise
    except Exception as exc:  # noqa: BLE001  the status is out, so the failure travels as an event
        body: dict[str, Any] = json.loads(explain(request, exc).text)
        if named:
            error = {key: value for key, value in body["error"].items() if key != "type"}
            body |= {"type": "error", "sequence_number": told, **error}
        await write(request, response, _event(body, named=named))
    return response


def _event(value: dict[str, Any], *, named: bool) -> bytes:
    """JSON in ASCII has no line break in it that could end the event early."""
    name = f"event: {value['type']}\n" if named else ""
    return f"{name}data: {json.dumps(value, separators=(',', ':'))}\n\n".encode()

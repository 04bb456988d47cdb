"""A stream as Ollama writes it: one JSON object a line, and a failure in its middle as one, too."""

import json
from collections.abc import AsyncGenerator
from typing import Any, Final

from aiohttp import web

from runtime.api.keys import RUNNING
from runtime.api.middleware import explain
from runtime.api.ollama import errors
from runtime.api.sending import write

Lines = AsyncGenerator[tuple[dict[str, Any], ...], None]
"""The objects that are there to be sent; none means that the work has begun."""
_HEADERS: Final = {
    "Content-Type": "application/x-ndjson",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would hold the stream back
}


async def stream(request: web.Request, lines: Lines) -> web.StreamResponse:
    """Send what comes. Until the first of it a refusal has its own status.

    Raises:
        ConnectionError: the caller is gone.
    """
    first = await anext(lines)
    response = web.StreamResponse(headers=_HEADERS)
    await response.prepare(request)
    try:
        with request.app[RUNNING].told():
            await _send(request, response, first)
            async for objects in lines:
                await _send(request, response, objects)
    except ConnectionError:
        raise
    except Exception as exc:  # noqa: BLE001  the status is out, so the failure travels as a line
        await write(request, response, errors.text(explain(request, exc).message).encode() + b"\n")
    return response


async def _send(
    request: web.Request, response: web.StreamResponse, objects: tuple[dict[str, Any], ...]
) -> None:
    if objects:
        await write(request, response, "".join(f"{json.dumps(each)}\n" for each in objects).encode())

"""GET /v1/admin/logs: the last lines of this process's log; /kiosk/logs tells them live, to the page.

A reader that lags misses the oldest lines, and is told how many; nothing is queued for anybody.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import asdict
from typing import Any, Final

from aiohttp import web

from runtime.api.admin.border import Line, Log
from runtime.api.keys import ADMITTED, LIVE, LOG
from runtime.api.kiosk.stream import HEADERS
from runtime.api.sending import write
from runtime.errors import CallerError
from runtime.strict_json import shown

PATH: Final = "/v1/admin/logs"
LIVE_PATH: Final = "/kiosk/logs"
LEVELS: Final = ("debug", "info", "warning", "error")
_LOOK_S: Final = 0.5
_ALIVE_S: Final = 5.0
"""After so long without a line something is said nevertheless: who has hung up is noticed by that."""
_MOST: Final = 2**53


def add_routes(app: web.Application) -> None:
    """Serve the paths."""
    app.router.add_get(PATH, _lines)
    app.router.add_get(LIVE_PATH, _live)


async def _lines(request: web.Request) -> web.Response:
    found = request.app[LOG].since(_after(request.query.get("after")))
    least = _level(request.query.get("level"))
    wanted = [_told(each) for each in found if LEVELS.index(each.level) >= least]
    return web.json_response({"object": "list", "data": wanted})


def _after(said: str | None) -> int:
    """Raises CallerError."""
    if said is None:
        return 0
    if not (said.isascii() and said.isdecimal()) or len(said) > len(str(_MOST)):
        raise CallerError(
            f"after is {shown(said)}; send the number of the last line that you have", param="after"
        )
    return int(said)


def _level(said: str | None) -> int:
    """Raises CallerError."""
    if said is None:
        return 0
    if said not in LEVELS:
        raise CallerError(f"level is {shown(said)}; choose among {', '.join(LEVELS)}", param="level")
    return LEVELS.index(said)


async def _live(request: web.Request) -> web.StreamResponse:
    live = request.app[LIVE]
    with live.entered():
        response = web.StreamResponse(headers=HEADERS)
        await response.prepare(request)
        async with contextlib.aclosing(events(request.app[LOG], lambda: live.over)) as lines:
            async for data in lines:
                if not request[ADMITTED]():
                    break
                await write(request, response, data)
        return response


async def events(log: Log, over: Callable[[], bool]) -> AsyncGenerator[bytes, None]:
    """All lines there are, then those that come, as server-sent events; a comment now and then, if none does."""
    last, silent = 0, _ALIVE_S
    while not over():
        found = log.since(last)
        if found:
            yield _event(found, last)
            last, silent = found[-1].number, 0.0
        elif silent >= _ALIVE_S:
            yield b": no more lines\n\n"
            silent = 0.0
        await asyncio.sleep(_LOOK_S)
        silent += _LOOK_S


def _event(found: Sequence[Line], last: int) -> bytes:
    """JSON in ASCII has no line break in it that could end the event early."""
    said = {"type": "log", "missed": found[0].number - last - 1, "lines": [_told(each) for each in found]}
    return f"data: {json.dumps(said, separators=(',', ':'))}\n\n".encode()


def _told(line: Line) -> dict[str, Any]:
    return asdict(line)

"""GET /kiosk/key: what the caller's key is good for, so that the page offers that and no more."""

from typing import Final

from aiohttp import web

from runtime.api.keys import CALLER
from runtime.api.scopes import Caller

PATH: Final = "/kiosk/key"


def add_routes(app: web.Application) -> None:
    """Serve the path."""
    app.router.add_get(PATH, _key)


async def _key(request: web.Request) -> web.Response:
    caller = request.get(CALLER, Caller())
    return web.json_response({"name": caller.name or None, "scopes": sorted(caller.scopes)})

"""GET and HEAD /: the page for a browser; for programs the sentence by which Ollama's clients know a server."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

_RUNNING: Final = "Ollama is running"
Handler = Callable[[web.Request], Awaitable[web.Response]]


def beside(page: Handler) -> Handler:
    """What answers `/`: a browser says that it takes HTML."""

    async def answer(request: web.Request) -> web.Response:
        if "text/html" in request.headers.get("Accept", ""):
            response = await page(request)
        else:
            response = web.Response(text=_RUNNING)
        response.headers["Vary"] = "Accept"
        return response

    return answer

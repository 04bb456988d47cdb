"""The page at `/`: static files out of the package, read once, under a policy that lets nothing else in."""

import hashlib
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Final

from aiohttp import web

from runtime.api.ollama import greeting

_FILES: Final = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/conversation.js": ("conversation.js", "text/javascript; charset=utf-8"),
    "/appliance.js": ("appliance.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
"""Path, and which file is there: nothing a caller sends becomes the name of a file."""
PATHS: Final = frozenset(_FILES)
_POLICY: Final = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'"
)


def add_routes(app: web.Application) -> None:
    """Serve the files."""
    folder = resources.files("runtime.api") / "page"
    for path, (name, content_type) in _FILES.items():
        file = _serve((folder / name).read_bytes(), content_type)
        app.router.add_get(path, greeting.beside(file) if path == "/" else file)


def _serve(body: bytes, content_type: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    etag = hashlib.sha256(body).hexdigest()[:32]
    headers = {
        "Content-Type": content_type,
        "Content-Security-Policy": _POLICY,
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "ETag": f'"{etag}"',
        "Cache-Control": "no-cache",  # kept, but asked for anew: an update of the appliance shows at once
    }

    async def file(request: web.Request) -> web.Response:
        if any(known.value in {etag, "*"} for known in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers=headers)

    return file

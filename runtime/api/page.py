"""The page at `/`: static files out of the package, read once, under a policy that lets nothing else in."""

import hashlib
from collections.abc import Awaitable, Callable, Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import PurePath
from typing import Final

from aiohttp import web

from runtime.api.ollama import greeting

_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_POLICY: Final = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


def _files(folder: Traversable, above: str = "/") -> Iterator[tuple[str, Traversable]]:
    """Path, and which file is there, all the way down: nothing a caller sends becomes the name of a file."""
    for each in folder.iterdir():
        if each.is_dir():
            yield from _files(each, f"{above}{each.name}/")
        elif PurePath(each.name).suffix in _TYPES:
            yield (above if each.name == "index.html" else f"{above}{each.name}"), each


_FILES: Final = dict(_files(resources.files("runtime.api") / "page"))
PATHS: Final = frozenset(_FILES)


def add_routes(app: web.Application) -> None:
    """Serve the files."""
    for path, each in _FILES.items():
        file = _serve(each.read_bytes(), _TYPES[PurePath(each.name).suffix])
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

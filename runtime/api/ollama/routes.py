"""All paths of Ollama's dialect; `/` is the page's, too, and is in `greeting`."""

from aiohttp import web

from runtime.api.ollama import chat, embed, keeping, listing


def add_routes(app: web.Application) -> None:
    """Serve them."""
    for resource in (chat, embed, keeping, listing):
        resource.add_routes(app)

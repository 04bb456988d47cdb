"""What answers cost in tokens, put to the request's account as they end: also of those that are given up."""

from collections.abc import Callable

from aiohttp import web

from runtime.api.keys import SPENT
from runtime.engine.request import Usage


def account(request: web.Request) -> Callable[[Usage], None]:
    """Who hears what was computed for a request."""
    spent = request[SPENT]
    return lambda usage: spent.add(usage.prompt, usage.completion)

"""Under which typed keys an application carries its parts, and a request its id."""

import asyncio
from typing import Any, Final

from aiohttp import web

from runtime.api.serving import Serving
from runtime.api.traffic import Traffic
from runtime.limits import Limits

SERVING: Final = web.AppKey("serving", Serving)
LIMITS: Final = web.AppKey("limits", Limits)
TRAFFIC: Final = web.AppKey("traffic", Traffic)
RUNNING: Final = web.AppKey("running", set[asyncio.Task[Any]])
"""The tasks whose requests are being answered: what a drain waits for."""

REQUEST_ID: Final = web.RequestKey("request_id", str)

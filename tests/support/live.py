"""Somebody who looks on: reads the live stream of an appliance, event by event."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from runtime.api.kiosk.stream import PATH


class Onlooker:
    """One stream."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.over = False

    async def hear(self, kind: str, wanted: Callable[[Any], bool] = lambda _: True) -> Any:
        """The next event of that type that is wanted."""
        async with asyncio.timeout(20):
            async for line in self._response.content:
                if line.startswith(b"data: "):
                    said = json.loads(line[6:])
                    if said["type"] == kind and wanted(said):
                        return said
        self.over = True
        return None


@asynccontextmanager
async def looking_on(client: aiohttp.ClientSession, **headers: str) -> AsyncIterator[Onlooker]:
    async with client.get(PATH, headers=headers) as response:
        assert response.status == 200, await response.text()
        assert response.content_type == "text/event-stream"
        yield Onlooker(response)

"""The HTTP front end on a real socket, in front of an engine that plays a script."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import web

from runtime.api.access import Access
from runtime.api.admin.border import KeyStore, Log
from runtime.api.audit import Audit
from runtime.api.keys import DOOR
from runtime.api.kiosk.around import Around
from runtime.api.kiosk.voice import Activity
from runtime.api.server import make_app, make_runner
from runtime.api.serving import Serving
from runtime.config import Server
from runtime.encoding import TextEncoder
from runtime.limits import ClientLimits, Limits
from runtime.listener import listen
from runtime.residency.border import Stock
from runtime.text.tokenizer import Tokenizer
from runtime.voice.border import Voices
from tests.support.completer import scripted_completer
from tests.support.engine import EngineSimulator
from tests.support.shown_models import ShownModels
from tests.support.text import CHATML, byte_level


def script(text: str) -> tuple[int, ...]:
    """The ids that an engine has to play for this text to be the answer."""
    return Tokenizer(byte_level()).encode(text, special=False)


@dataclass
class Appliance:
    """A listener, and a client for it."""

    engine: EngineSimulator
    serving: Serving
    runner: web.AppRunner
    port: int
    client: aiohttp.ClientSession
    limits: Limits
    template: str
    encoders: Sequence[TextEncoder] = ()

    def load(self) -> None:
        """Let the model be there."""
        completer = scripted_completer(self.engine, self.limits, self.template)
        self.serving.ready(ShownModels(completer, encoders=self.encoders))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def ask(self, **fields: Any) -> tuple[int, dict[str, Any]]:
        """Status and JSON of one chat completion without a stream."""
        body = {"messages": [{"role": "user", "content": "Hello"}], **fields}
        async with self.client.post("/v1/chat/completions", json=body) as response:
            return response.status, await response.json()

    async def until(self, *, running: int = 0, waiting: int = 0) -> None:
        """Wait until the engine has so many requests running and at least so many waiting."""
        async with asyncio.timeout(30):
            while self.engine.stats.running != running or self.engine.stats.waiting < waiting:  # noqa: ASYNC110  it tells nobody
                await asyncio.sleep(0.002)


@asynccontextmanager
async def appliance(
    engine: EngineSimulator,
    *,
    limits: Limits | None = None,
    access: Access | None = None,
    loaded: bool = True,
    template: str = CHATML,
    encoders: Sequence[TextEncoder] = (),
    around: Around | None = None,
    clients: ClientLimits | None = None,
    stock: Stock | None = None,
    audit: Audit | None = None,
    voices: Voices | None = None,
    keys: KeyStore | None = None,
    log: Log | None = None,
    activity: Activity | None = None,
) -> AsyncGenerator[Appliance, None]:
    """Listen on loopback, on a port of the system's choice."""
    limits = limits or Limits(drain_seconds=0.1)
    serving = Serving()
    runner = make_runner(
        make_app(
            serving,
            limits=limits,
            access=access or Access(),
            around=around,
            clients=clients,
            stock=stock,
            audit=audit,
            voices=voices,
            keys=keys,
            log=log,
            activity=activity,
        )
    )
    await runner.setup()
    try:
        port = await listen(runner, runner.app[DOOR], Server(port=0))
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
            served = Appliance(engine, serving, runner, port, client, limits, template, encoders)
            if loaded:
                served.load()
            yield served
    finally:
        await runner.cleanup()

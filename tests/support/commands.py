"""The HTTP way in for commands, on a real socket, in front of a desk that answers as it is told."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import aiohttp
from aiohttp import web

from runtime.api.access import Access
from runtime.api.ordering import HttpCommands
from runtime.api.server import make_app, make_runner
from runtime.api.serving import Serving
from runtime.commands.meaning import Action
from runtime.commands.order import Order, Result, Status
from runtime.commands.registry.house import House
from runtime.errors import BusyError
from runtime.limits import Limits
from runtime.voice.border import Voices
from runtime.wire.commands import OrderReader

DONE = Result("", Status.DONE, "Turned on the lamp.", (Action("lamp", "power", value=True),), confirmed=True)


class DeskOfOne:
    """Takes orders and gives each the result that the test wants."""

    def __init__(self, commands: HttpCommands) -> None:
        self._commands = commands
        self.taken: list[Order] = []
        self.busy = False
        self.result: Result | None = DONE
        self.gate = asyncio.Event()
        """Nothing is taken while it is cleared."""
        self.gate.set()

    async def take(self, order: Order) -> None:
        if self.busy:
            raise BusyError("too many commands are waiting already; ask again in a few seconds")
        await self.gate.wait()
        self.taken.append(order)
        assert order.reply is not None
        if self.result is not None:
            for _ in range(2):  # results may come twice
                await self._commands.deliver(order.reply, replace(self.result, order=order.id))


@dataclass
class Served:
    """Where it listens, and what is behind it."""

    client: aiohttp.ClientSession
    port: int
    app: web.Application
    serving: Serving
    commands: HttpCommands
    desk: DeskOfOne

    def open(self, limits: Limits, house: Callable[[], House] = House) -> None:
        self.commands.open(self.desk, OrderReader(limits, 30.0, answer=False, house=house))


@asynccontextmanager
async def served(
    limits: Limits,
    commands: HttpCommands | None = None,
    access: Access | None = None,
    voices: Voices | None = None,
) -> AsyncGenerator[Served, None]:
    commands = commands or HttpCommands()
    serving = Serving()
    app = make_app(serving, limits=limits, access=access or Access(), commands=commands, voices=voices)
    runner = make_runner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = int(runner.addresses[0][1])
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as client:
            yield Served(client, port, app, serving, commands, DeskOfOne(commands))
    finally:
        await runner.cleanup()

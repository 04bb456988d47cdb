"""Commands over HTTP: the same JSON as over MQTT, in front of a desk that does what it is told."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

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
from runtime.wire.commands import OrderReader

LIMITS = Limits(drain_seconds=0.1, request_seconds=5.0)


class Desk:
    """Takes orders and answers each, but for what it is told to keep."""

    def __init__(self, commands: HttpCommands) -> None:
        self._commands = commands
        self.taken: list[Order] = []
        self.busy = False
        self.silent = False

    async def take(self, order: Order) -> None:
        if self.busy:
            raise BusyError("too many commands are waiting already; ask again in a few seconds")
        self.taken.append(order)
        assert order.reply is not None
        if not self.silent:
            action = Action("lamp", "power", value=True)
            result = Result(order.id, Status.DONE, "Turned on the lamp.", (action,), confirmed=True)
            await self._commands.deliver(order.reply, result)
            await self._commands.deliver(order.reply, result)  # results may come twice


@asynccontextmanager
async def served(
    *, limits: Limits = LIMITS, commands: HttpCommands | None = None
) -> AsyncGenerator[tuple[aiohttp.ClientSession, HttpCommands, Desk], None]:
    commands = commands or HttpCommands()
    runner = make_runner(make_app(Serving(), limits=limits, access=Access(), commands=commands))
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with aiohttp.ClientSession(f"http://127.0.0.1:{runner.addresses[0][1]}") as client:
            yield client, commands, Desk(commands)
    finally:
        await runner.cleanup()


def reader(limits: Limits = LIMITS) -> OrderReader:
    return OrderReader(limits, 30.0, answer=False, house=House)


async def post(client: aiohttp.ClientSession, **fields: Any) -> tuple[int, dict[str, Any]]:
    async with client.post("/v1/commands", json=fields) as response:
        return response.status, await response.json()


async def test_a_command_is_answered_with_what_came_of_it() -> None:
    async with served() as (client, commands, desk):
        commands.open(desk, reader())
        status, told = await post(client, id="7", text="turn on the lamp", session="tablet")
        assert (status, told["id"], told["status"]) == (200, "7", "done")
        assert told["actions"] == [{"device": "lamp", "capability": "power", "value": True}]
        assert (desk.taken[0].sender, desk.taken[0].session) == ("http", "tablet")
        _, told = await post(client, device="lamp", capability="power", value=True)
        assert told["status"] == "done"
        assert desk.taken[1].action == Action("lamp", "power", value=True)


async def test_what_cannot_be_taken_says_why() -> None:
    async with served() as (client, commands, desk):
        assert (await post(client, text="turn on the lamp"))[0] == 503, "it is still starting"
        commands.open(desk, reader())
        status, told = await post(client, txt="turn on the lamp")
        assert (status, told["error"]["param"]) == (400, "txt")
        assert "did you mean text?" in told["error"]["message"]
        assert (await post(client))[0] == 400
        desk.busy = True
        status, told = await post(client, text="turn on the lamp")
        assert status == 503
        assert "waiting already" in told["error"]["message"]


async def test_an_appliance_without_commands_says_so() -> None:
    async with served(commands=HttpCommands(wanted=False)) as (client, _, _):
        status, told = await post(client, text="turn on the lamp")
        assert status == 404
        assert "commands.enabled" in told["error"]["message"]


async def test_what_takes_too_long_can_be_asked_for_again() -> None:
    limits = Limits(drain_seconds=0.1, request_seconds=0.1)
    async with served(limits=limits) as (client, commands, desk):
        desk.silent = True
        commands.open(desk, reader(limits))
        status, told = await post(client, id="7", text="turn on the lamp")
        assert status == 503
        assert "'7'" in told["error"]["message"]
        desk.silent = False
        assert (await post(client, id="7", text="turn on the lamp"))[0] == 200


async def test_a_caller_that_hangs_up_takes_nothing_back() -> None:
    async with served() as (client, commands, desk):
        desk.silent = True
        commands.open(desk, reader())
        asking = asyncio.create_task(post(client, id="7", text="turn on the lamp"))
        async with asyncio.timeout(5):
            while not desk.taken:  # noqa: ASYNC110  the desk tells nobody
                await asyncio.sleep(0.002)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        reply = desk.taken[0].reply
        assert reply is not None
        await commands.deliver(reply, Result("7", Status.DONE, "Done."))  # nobody is there

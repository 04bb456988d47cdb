"""Commands over HTTP: the same JSON as over MQTT, in front of a desk that does what it is told."""

import asyncio
from pathlib import Path
from typing import Any

from runtime.api.access import Access
from runtime.api.ordering import HttpCommands
from runtime.api.scopes import Scope
from runtime.api.server import drain
from runtime.commands.meaning import Action
from runtime.commands.order import Result, Status
from runtime.keyring import Keyring, add, file_of
from runtime.limits import Limits
from tests.support.commands import DONE, Served, served
from tests.support.shown_models import ShownModels

LIMITS = Limits(drain_seconds=0.1, request_seconds=5.0)


async def post(there: Served, **fields: Any) -> tuple[int, dict[str, Any]]:
    async with there.client.post("/v1/commands", json=fields) as response:
        return response.status, await response.json()


async def test_a_command_is_answered_with_what_came_of_it() -> None:
    async with served(LIMITS) as there:
        there.open(LIMITS)
        status, told = await post(there, id="7", text="turn on the lamp", session="tablet")
        assert (status, told["id"], told["status"]) == (200, "7", "done")
        assert told["actions"] == [{"device": "lamp", "capability": "power", "value": True}]
        assert (there.desk.taken[0].sender, there.desk.taken[0].session) == ("http", "tablet")
        _, told = await post(there, device="lamp", capability="power", value=True)
        assert told["status"] == "done"
        assert there.desk.taken[1].action == Action("lamp", "power", value=True)


async def test_a_key_with_a_name_commands_in_that_name_and_only_if_it_may(tmp_path: Path) -> None:
    path = file_of(tmp_path)
    wall, guest = add(path, "wall", [Scope.COMMAND]), add(path, "guest", [Scope.CHAT])
    async with served(LIMITS, access=Access(keys=Keyring("owner's", path), asked=True)) as there:
        there.open(LIMITS)
        told = {}
        for key in ("owner's", wall, guest):
            headers = {"Authorization": f"Bearer {key}"}
            body = {"id": "7", "text": "turn on the lamp"}
            async with there.client.post("/v1/commands", json=body, headers=headers) as response:
                told[key] = response.status
        assert list(told.values()) == [200, 200, 403]
        assert [order.sender for order in there.desk.taken] == ["http", "http/wall"]


async def test_what_cannot_be_taken_says_why() -> None:
    async with served(LIMITS) as there:
        assert (await post(there, text="turn on the lamp"))[0] == 503, "it is still starting"
        there.open(LIMITS)
        status, told = await post(there, txt="turn on the lamp")
        assert (status, told["error"]["param"]) == (400, "txt")
        assert "did you mean text?" in told["error"]["message"]
        assert (await post(there))[0] == 400
        there.desk.busy = True
        status, told = await post(there, text="turn on the lamp")
        assert status == 503
        assert "waiting already" in told["error"]["message"]


async def test_an_appliance_without_commands_says_so() -> None:
    async with served(LIMITS, HttpCommands(wanted=False)) as there:
        status, told = await post(there, text="turn on the lamp")
        assert status == 404
        assert "commands.enabled" in told["error"]["message"]


async def test_what_takes_too_long_can_be_asked_for_again() -> None:
    limits = Limits(drain_seconds=0.1, request_seconds=0.1)
    async with served(limits) as there:
        there.desk.result = None
        there.open(limits)
        status, told = await post(there, id="7", text="turn on the lamp")
        assert status == 503
        assert "was taken" in told["error"]["message"]
        assert "'7'" in told["error"]["message"]
        there.desk.result = DONE
        assert (await post(there, id="7", text="turn on the lamp"))[0] == 200


async def test_what_could_not_be_taken_in_time_is_not_said_to_be_taken() -> None:
    limits = Limits(drain_seconds=0.1, request_seconds=0.1)
    async with served(limits) as there:
        there.desk.gate.clear()
        there.open(limits)
        status, told = await post(there, id="7", text="turn on the lamp")
    assert status == 503
    assert "may not have been taken" in told["error"]["message"]


async def test_a_caller_that_hangs_up_takes_nothing_back() -> None:
    async with served(LIMITS) as there:
        there.desk.result = None
        there.open(LIMITS)
        asking = asyncio.create_task(post(there, id="7", text="turn on the lamp"))
        async with asyncio.timeout(5):
            while not there.desk.taken:  # noqa: ASYNC110  the desk tells nobody
                await asyncio.sleep(0.002)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        reply = there.desk.taken[0].reply
        assert reply is not None
        await there.commands.deliver(reply, Result("7", Status.DONE, "Done."))  # nobody is there


async def test_health_says_whether_commands_are_taken() -> None:
    async def state(there: Served) -> Any:
        there.serving.ready(ShownModels())
        async with there.client.get("/health") as response:
            assert response.status == 200
            return await response.json()

    async with served(LIMITS) as there:
        assert await state(there) == {"status": "ok", "commands": "starting"}
        there.open(LIMITS)
        assert await state(there) == {"status": "ok", "commands": "ready"}
    async with served(LIMITS) as there:
        there.commands.shut("the disk is full; make room")
        assert await state(there) == {"status": "ok", "commands": "failed"}
        status, told = await post(there, text="turn on the lamp")
        assert (status, told["error"]["message"]) == (503, "the disk is full; make room")
    async with served(LIMITS, HttpCommands(wanted=False)) as there:
        assert await state(there) == {"status": "ok", "commands": "off"}


async def test_a_request_that_waits_is_told_at_the_end_of_the_drain() -> None:
    limits = Limits(drain_seconds=0.1, request_seconds=600.0)
    asking = None
    async with asyncio.timeout(10), served(limits) as there:
        there.desk.result = None
        there.open(limits)
        asking = asyncio.create_task(post(there, id="7", text="turn on the lamp"))
        while not there.desk.taken:  # noqa: ASYNC110  the desk tells nobody
            await asyncio.sleep(0.002)
        await drain(there.app)
        status, told = await asking
    assert status == 503
    assert "shutting down" in told["error"]["message"]

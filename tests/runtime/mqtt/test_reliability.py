"""Nothing is lost, and nothing happens twice: processes killed, brokers killed, networks cut, under load.

How often is bounded here; INGLE_KILLS (default 20) and INGLE_BROKER_KILLS (default 5) ask for more.
"""

import asyncio
import math
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from runtime.config import Broker
from tests.support.fault_proxy import FaultProxy, proxying
from tests.support.history import Sender
from tests.support.mqtt import Mosquitto, running_mosquitto

pytestmark = [
    pytest.mark.skipif(Mosquitto.program() is None, reason="mosquitto is not installed"),
    pytest.mark.counted,
]

KILLS = int(os.environ.get("INGLE_KILLS", "20"))
BROKER_KILLS = int(os.environ.get("INGLE_BROKER_KILLS", "5"))
A_SECOND = 50


class Node:
    """An appliance as a process."""

    def __init__(self, broker: Broker, folder: Path, *names: str) -> None:
        self._arguments = ["-m", "tests.support.node", broker.host, str(broker.port), str(folder), *names]
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        root = Path(__file__).parents[3]
        process = self._process = await asyncio.create_subprocess_exec(
            sys.executable, *self._arguments, cwd=root, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 30) == b"ready\n"

    async def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> None:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(self._process.wait(), 30) == 0


@asynccontextmanager
async def running(broker: Broker, folder: Path, *names: str) -> AsyncIterator[Node]:
    node = Node(broker, folder, *(names or ("home",)))
    await node.start()
    try:
        yield node
    finally:
        await node.stop()


@pytest.fixture
async def mosquitto(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    async with running_mosquitto(tmp_path, more="max_queued_messages 0\n") as broker:
        yield broker


async def test_an_appliance_that_is_killed_loses_no_command_and_does_none_twice(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    async with (
        running(mosquitto.address, tmp_path) as node,
        Sender(mosquitto.address, ("ingle/home/command",), seed=seed) as sender,
    ):
        load = asyncio.create_task(sender.pace(math.inf, A_SECOND))
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.05, 1.0))
            await node.kill()
            await node.start()
        load.cancel()
        await sender.answers(within_s=90)
        print(sender.history.check())


async def test_a_broker_that_is_killed_loses_no_command_for_good(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    chance = random.Random(1)
    async with (
        running(mosquitto.address, tmp_path),
        Sender(mosquitto.address, ("ingle/home/command", "ingle/home/command/from/me"), qos=0) as sender,
    ):
        load = asyncio.create_task(sender.pace(math.inf, A_SECOND))
        for _ in range(BROKER_KILLS):
            await asyncio.sleep(chance.uniform(0.5, 2.0))
            mosquitto.kill()
            await asyncio.sleep(0.2)
            await mosquitto.start()
        load.cancel()
        await sender.answers(within_s=90)
        print(sender.history.check(missing=True))


async def test_of_two_in_a_group_one_takes_up_what_the_other_left(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with (
        running(mosquitto.address, tmp_path, "one", "upstairs") as one,
        running(mosquitto.address, tmp_path, "two", "upstairs"),
        Sender(mosquitto.address, ("ingle/any/command", "ingle/any/command/from/me"), bells=0) as sender,
    ):
        load = asyncio.create_task(sender.pace(8 * A_SECOND, A_SECOND))
        await asyncio.sleep(2)
        await one.kill()
        await load
        await sender.answers(within_s=30)
        by_node = {each["node"] for results in sender.history.results.values() for each in results}
        assert by_node == {"one", "two"}
        await one.start()  # which tells what it had taken and not begun
        await asyncio.sleep(1)
        print(sender.history.check(most=2))


async def _trouble(proxy: FaultProxy, chance: random.Random) -> None:
    match chance.choice(["cut", "slow", "refused", "deaf"]):
        case "cut":
            proxy.cut()
        case "slow":
            proxy.delay_s = 0.1
        case "refused":
            proxy.refusing = True
            proxy.cut()
        case "deaf":
            proxy.deaf = True
    await asyncio.sleep(chance.uniform(0.1, 2.0))
    proxy.delay_s, proxy.refusing = 0.0, False
    if proxy.deaf:  # and what was said meanwhile is gone: what goes on is no stream any more
        proxy.deaf = False
        proxy.cut()


@pytest.mark.parametrize("seed", range(3))
async def test_a_network_that_fails_in_every_way_loses_no_command_and_does_none_twice(
    mosquitto: Mosquitto, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    async with (
        proxying(mosquitto.address, seed) as proxy,
        running(proxy.address, tmp_path),
        Sender(mosquitto.address, ("ingle/home/command",), seed=seed) as sender,
    ):
        load = asyncio.create_task(sender.pace(6 * A_SECOND, A_SECOND))
        while not load.done():
            await asyncio.sleep(chance.uniform(0.2, 1.0))
            await _trouble(proxy, chance)
        await sender.answers(within_s=40)
        print(sender.history.check())


async def test_a_network_that_spoils_what_it_carries_makes_no_command_of_it(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """A turned bit makes no packet, and the connection ends, or no text, and a refusal comes."""
    async with (
        proxying(mosquitto.address, 1) as proxy,
        running(proxy.address, tmp_path),
        Sender(mosquitto.address, ("ingle/home/command",)) as sender,
    ):
        proxy.spoiled = 0.05
        await sender.pace(4 * A_SECOND, A_SECOND)
        proxy.spoiled = 0.0
        proxy.cut()
        await sender.answers(within_s=40)
        print(sender.history.check(missing=True))  # an acknowledgement may have become another's


async def test_a_cable_that_is_pulled_out_is_noticed(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with (
        proxying(mosquitto.address) as proxy,
        running(proxy.address, tmp_path),
        Sender(mosquitto.address, ("ingle/home/command",)) as sender,
    ):
        await sender.pace(20, A_SECOND)
        proxy.deaf = True
        await sender.pace(20, A_SECOND)
        await asyncio.sleep(10)
        proxy.deaf = False
        await sender.answers(within_s=40)
        sender.history.check()


async def test_who_listens_and_does_not_read_holds_nobody_up(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with (
        running(mosquitto.address, tmp_path),
        Sender(mosquitto.address, ("ingle/home/command",)) as sender,
    ):
        _, deaf = await asyncio.open_connection(mosquitto.address.host, mosquitto.address.port, limit=1)
        deaf.write(bytes.fromhex("100c00044d5154540402003c0000"))  # CONNECT in MQTT 3.1.1, without a name
        deaf.write(b"\x82\x0c\x00\x01\x00\x07ingle/#\x01")  # SUBSCRIBE; nothing of what comes is read
        await sender.pace(2 * A_SECOND, 2 * A_SECOND)
        await sender.answers(within_s=20)
        print(sender.history.check())
        deaf.close()

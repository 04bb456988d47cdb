"""When what is said of boards: on a link that the test plays, with a simulated board on a line that can be cut."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from firmware_bridge.client import Board
from firmware_bridge.description import Capability, Flag, Type
from firmware_bridge.ports import Port
from firmware_bridge.simulator import SAMPLE, SimulatedBoard
from runtime.boards.guarded import guarded
from runtime.boards.homeassistant import Announcer
from runtime.boards.lines import Line, lines
from runtime.boards.publishing import SESSION, Publishing
from runtime.boards.retained import Retained
from runtime.boards.room import BoardRoom
from runtime.commands.registry.live import Registry
from runtime.commands.registry.owned import Owned
from runtime.limits import Limits
from runtime.mqtt.client import PahoLink
from runtime.mqtt.link import Endpoint, Link, Patience
from tests.support.boards import Bench
from tests.support.mqtt import MemoryLink, Mosquitto, Person, running_mosquitto, until

BOARD = "ingle/home/board/simulated-0001"
OWNER = "ingle_home_simulated-0001"
LAMP = f"homeassistant/light/{OWNER}/lamp/config"


@dataclass
class Told:
    """What a broker has of us."""

    link: MemoryLink
    bench: Bench

    @property
    def kept(self) -> dict[str, bytes]:
        said = {each.topic: each.payload for each in self.link.published if each.retain}
        return {topic: payload for topic, payload in said.items() if payload}

    def says(self, topic: str, payload: Any) -> bool:
        return self.kept.get(topic) == (
            payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        )

    def count(self, topic: str) -> int:
        return sum(each.topic == topic for each in self.link.published)


@asynccontextmanager
async def told(
    bench: Bench | None = None,
    *,
    announce: bool = True,
    up: bool = True,
    owned: Mapping[str, Owned] | None = None,
) -> AsyncGenerator[Told]:
    """A board, and a link that has heard of it."""
    there, link = bench or Bench(), MemoryLink(SESSION)
    async with room(there, link, announce=announce, owned=owned):
        await until(lambda: link.opened)
        if up:
            link.up()
        yield Told(link, there)


@asynccontextmanager
async def room(
    there: Bench, link: Link, *, announce: bool = True, owned: Mapping[str, Owned] | None = None
) -> AsyncGenerator[None]:
    """A board, a room, and what tells of it."""
    registry, stop = Registry(), asyncio.Event()
    announcer = Announcer("home", "inglenook_home", "1", lambda device: guarded(device, ()))
    publishing = Publishing(
        link, announcer, lambda: registry.house, owned or {}, announce=announce, jitter_s=(0.0, 0.01)
    )
    line = Line("bench", partial(Board, there, patient=True, answer_s=2.0))
    boards = BoardRoom(lines([line], None, never), registry, told=publishing.heard, answer_s=2.0, owned=owned)
    running = [asyncio.create_task(each.run(stop)) for each in (boards, publishing)]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*running)


def never(port: Port) -> Board:
    raise AssertionError(f"nobody looks for boards here, and {port.address} was found")


async def test_a_board_is_shown_and_its_states_follow() -> None:
    async with told() as broker:
        await until(lambda: broker.says(BOARD, b"online") and LAMP in broker.kept)
        await until(lambda: broker.says(f"{BOARD}/lamp", {"value": 0}))
        broker.bench.board.happen("lamp", 30)
        await until(lambda: broker.says(f"{BOARD}/lamp", {"value": 30}))
        assert {topic.split("/")[3] for topic in broker.kept if topic.endswith("/config")} == {
            each.name for each in SAMPLE
        }


async def test_what_happens_is_said_once_and_not_kept() -> None:
    async with told() as broker:
        await until(lambda: broker.says(BOARD, b"online"))
        broker.bench.board.happen("button")
        await until(lambda: broker.count(f"{BOARD}/button") == 1)
        assert f"{BOARD}/button" not in broker.kept


async def test_what_happens_without_a_broker_is_not_told_late() -> None:
    async with told() as broker:
        await until(lambda: broker.says(BOARD, b"online"))
        broker.link.down()
        broker.bench.board.happen("button")
        broker.bench.board.happen("lamp", 30)
        await asyncio.sleep(0.2)
        broker.link.up()
        await until(lambda: broker.says(f"{BOARD}/lamp", {"value": 30}))
        assert broker.count(f"{BOARD}/button") == 0


async def test_a_board_that_is_pulled_out_is_offline_and_stays_known() -> None:
    async with told() as broker:
        await until(lambda: broker.says(BOARD, b"online"))
        await broker.bench.unplug()
        await until(lambda: broker.says(BOARD, b"offline"))
        assert LAMP in broker.kept
        broker.bench.plug()
        await until(lambda: broker.says(BOARD, b"online"))


async def test_the_boards_are_gone_with_the_appliance() -> None:
    async with told() as broker:
        await until(lambda: broker.says(BOARD, b"online"))
    assert broker.says(BOARD, b"offline")


async def test_all_is_said_anew_on_each_connection_and_when_home_assistant_comes_back() -> None:
    async with told() as broker:
        await until(lambda: broker.count(LAMP) == 1 and broker.says(f"{BOARD}/lamp", {"value": 0}))
        broker.link.down()
        broker.link.up()
        await until(lambda: broker.count(LAMP) == 2)
        broker.link.deliver(b"online", topic="homeassistant/status", retained=True)
        broker.link.deliver(b"offline", topic="homeassistant/status")
        broker.link.deliver(b"online", topic="homeassistant/status")
        await until(lambda: broker.count(LAMP) == 3)
        await until(lambda: broker.count(f"{BOARD}/lamp") >= 3)


async def test_a_board_that_describes_itself_differently_is_shown_so() -> None:
    bench = Bench()
    async with told(bench) as broker:
        await until(lambda: f"{BOARD}/mode" in broker.kept and LAMP in broker.kept)
        await bench.unplug()
        relay = Capability(1, "lamp", Type.SWITCH, Flag.READ | Flag.SET, "switch")
        bench.board = SimulatedBoard([replace(SAMPLE[1], index=0), relay], dead_ms=900, boot=9)
        bench.plug()
        switch = LAMP.replace("/light/", "/switch/")
        await until(lambda: switch in broker.kept and LAMP not in broker.kept)
        await until(lambda: f"{BOARD}/mode" not in broker.kept)
        assert {topic for topic in broker.kept if "/config" in topic} == {
            switch,
            f"homeassistant/binary_sensor/{OWNER}/relay/config",
        }
        await until(lambda: broker.says(f"{BOARD}/lamp", {"value": False}))


async def test_what_was_described_before_a_restart_is_taken_back() -> None:
    async with told() as broker:
        await until(lambda: LAMP in broker.kept)
        old = f"homeassistant/fan/{OWNER}/old_one/config"
        broker.link.deliver({"name": "Old"}, topic=old, retained=True)
        await until(lambda: any(each.topic == old and not each.payload for each in broker.link.published))
        await until(lambda: any(each.topic == f"{BOARD}/old_one" for each in broker.link.published))
        broker.link.deliver({"name": "Lamp"}, topic=LAMP, retained=True)
        for others in (
            "homeassistant/fan/ingle_elsewhere_uno/old/config",
            "homeassistant/fan/uno/old/config",
        ):
            broker.link.deliver({"name": "Another's"}, topic=others, retained=True)
        await asyncio.sleep(0.1)
        assert LAMP in broker.kept
        assert not any("/old/" in each.topic for each in broker.link.published)


async def test_what_comes_before_its_board_waits_for_it() -> None:
    bench = Bench()
    bench.plugged = False
    async with told(bench) as broker:
        old = f"homeassistant/fan/{OWNER}/old_one/config"
        broker.link.deliver({"name": "Old"}, topic=old, retained=True)
        broker.link.deliver(b"online", topic=BOARD, retained=True)
        await until(lambda: broker.says(BOARD, b"offline"))  # we were killed, and it was pulled out meanwhile
        assert broker.count(old) == 0
        bench.plug()
        await until(lambda: broker.count(old) == 1 and broker.says(BOARD, b"online"))


async def test_home_assistant_is_told_nothing_where_its_owner_wants_that() -> None:
    async with told(announce=False) as broker:
        broker.link.deliver({"name": "Lamp"}, topic=LAMP, retained=True)
        await until(lambda: broker.count(LAMP) == 1)
        await until(lambda: broker.says(f"{BOARD}/lamp", {"value": 0}))
        assert not any("/config" in topic for topic in broker.kept)


async def test_what_its_owner_leaves_out_is_on_no_topic() -> None:
    ids = [f"simulated-0001.{each}" for each in ("lamp", "button")]
    async with told(owned={each: Owned(each, ignore=True) for each in ids}) as broker:
        await until(lambda: f"{BOARD}/mode" in broker.kept)
        broker.bench.board.happen("button")
        broker.bench.board.happen("lamp", 30)
        broker.bench.board.happen("temperature", 220)
        await until(lambda: broker.says(f"{BOARD}/temperature", {"value": 22.0}))
        assert not any(each.topic.split("/")[-1] in {"lamp", "button"} for each in broker.link.published)
        told_of = {
            each.topic.split("/")[-2] for each in broker.link.published if each.topic.endswith("/config")
        }
        assert told_of == {"relay", "temperature", "mode", "chime"}


async def test_a_broker_that_bars_a_topic_hears_the_others() -> None:
    async with told(up=False) as broker:
        broker.link.barred.add(LAMP)
        broker.link.up()
        await until(lambda: broker.says(BOARD, b"online") and len(broker.kept) >= len(SAMPLE))
        assert broker.count(LAMP) == 1


@pytest.mark.skipif(Mosquitto.program() is None, reason="mosquitto is not installed")
async def test_a_broker_that_lost_everything_has_it_again(tmp_path: Path) -> None:
    async with running_mosquitto(tmp_path) as broker:
        soon = Patience(first_retry=(1, 1), keepalive=4)
        link = PahoLink(Endpoint(broker.address), "inglenook-home-boards", Limits(), soon, SESSION)
        async with room(Bench(), link):
            for _ in range(2):
                async with Person(broker.address, LAMP, BOARD) as person:
                    said = [await person.hear_message() for _ in range(2)]
                    assert {each.topic for each in said} == {LAMP, BOARD}
                broker.kill()
                (tmp_path / "mosquitto.db").unlink(missing_ok=True)
                await broker.start()


def test_only_the_newest_on_a_topic_is_due() -> None:
    retained = Retained()
    retained.want("a", b"1")
    retained.want("a", b"2")
    assert retained.take() == ("a", b"2")
    assert retained.take() is None
    retained.want("a", b"2")
    assert retained.take() is None
    retained.anew()
    assert retained.take() == ("a", b"2")
    retained.want("a", b"3")
    retained.again("a", b"2")
    assert retained.take() == ("a", b"3")
    retained.want("a", b"")
    assert not retained.wants("a")
    assert retained.take() == ("a", b"")
    retained.again("a", b"")
    assert retained.take() == ("a", b"")
    retained.anew()
    assert retained.take() is None
    assert not retained.topics

"""A board is who it says it is on whichever line it is; two that say they are one are not taken for each other."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

from firmware_bridge.client import Board
from firmware_bridge.events import Listening, Logged
from firmware_bridge.introduction import Introduction
from firmware_bridge.ports import Port
from runtime.boards.lines import Line, lines
from runtime.boards.room import BoardRoom
from runtime.commands.meaning import Action
from runtime.commands.registry.live import Registry
from tests.support.boards import Bench
from tests.support.mqtt import until

LAMP = "simulated-0001.lamp"


class Flooded(Board):
    """Says so much as it comes and goes that nobody hears that it did."""

    def events(self) -> Listening:
        self.listening = super().events()
        return self.listening

    def connected_to(self, known: Introduction) -> None:
        super().connected_to(known)
        self._flood()

    def disconnected(self, reason: str) -> None:
        super().disconnected(reason)
        self._flood()

    def _flood(self) -> None:
        for _ in range(300):
            self.listening.put(Logged(0, "and"))


@asynccontextmanager
async def house(*named: Line, moved_s: float = 60.0) -> AsyncGenerator[tuple[Registry, BoardRoom]]:
    registry, stop = Registry(), asyncio.Event()
    room = BoardRoom(lines(named, None, never), registry, answer_s=2.0, moved_s=moved_s)
    running = asyncio.create_task(room.run(stop))
    try:
        yield registry, room
    finally:
        stop.set()
        await running


def never(port: Port) -> Board:
    raise AssertionError(f"nobody looks for boards here, and {port.address} was found")


def line(address: str, bench: Bench) -> Line:
    return Line(address, partial(Board, bench, patient=True, answer_s=2.0))


async def is_told(registry: Registry, room: BoardRoom, bench: Bench, level: int) -> bool:
    for outgoing in registry.outgoing(Action(LAMP, "brightness", level)):
        await room.send(outgoing)
    return bench.board.values[0] == level


async def test_a_board_is_the_same_on_another_line() -> None:
    here, there = Bench(), Bench()
    there.plugged = False
    async with house(line("here", here), line("there", there)) as (registry, room):
        await until(lambda: LAMP in registry.house.devices)
        await here.unplug()
        await until(lambda: LAMP in registry.house.away)
        there.plug()
        await until(lambda: LAMP not in registry.house.away)
        assert await is_told(registry, room, there, 40)
        await there.unplug()
        await until(lambda: LAMP in registry.house.away)
        here.plug()
        await until(lambda: LAMP not in registry.house.away)
        assert await is_told(registry, room, here, 50)


async def test_it_is_there_as_soon_as_it_is_noticed_that_it_left_the_first_line() -> None:
    here, there = Bench(), Bench()
    there.plugged = False
    async with house(line("here", here), line("there", there)) as (registry, room):
        await until(lambda: LAMP in registry.house.devices)
        first = room.boards["simulated-0001"]
        there.plug()
        await until(lambda: there.board.link.is_up)
        await asyncio.sleep(0.2)
        await here.unplug()
        await until(lambda: room.boards["simulated-0001"] is not first)
        assert await is_told(registry, room, there, 40)


async def test_a_second_board_does_not_do_what_the_first_was_to_do() -> None:
    first, second = Bench(), Bench()
    second.plugged = False
    async with house(line("first", first), line("second", second), moved_s=0) as (registry, _):
        await until(lambda: LAMP in registry.house.devices)
        second.plug()
        await until(lambda: second.board.link.is_up)
        await asyncio.sleep(0.2)
        await first.unplug()
        await until(lambda: LAMP in registry.house.away)
        await asyncio.sleep(0.2)
        assert LAMP in registry.house.away
        first.plug()
        await until(lambda: LAMP not in registry.house.away)


async def test_who_did_not_hear_that_a_board_came_and_went_looks() -> None:
    bench = Bench()
    async with house(Line("bench", partial(Flooded, bench, patient=True, answer_s=2.0))) as (registry, _):
        await until(lambda: LAMP in registry.house.devices)
        await bench.unplug()
        await until(lambda: LAMP in registry.house.away)
        bench.plug()
        await until(lambda: LAMP not in registry.house.away)

"""A board is found by its maker as it is plugged in; what answers nothing is left alone until plugged in again."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from firmware_bridge.client import Board
from firmware_bridge.ports import Plugged, Port, Unplugged, Usb
from firmware_bridge.simulator import SimulatedBoard
from runtime.boards.lines import Line, Pulled, lines
from runtime.boards.room import BoardRoom
from runtime.commands.registry.live import Registry
from tests.support.boards import Bench
from tests.support.mqtt import until

UNO = Port("usb-Arduino_Uno-if00", Path("/dev/ttyACM0"), Usb(0x2341, 0x0043))
STICK = Port("usb-ITead_Zigbee-if00", Path("/dev/ttyUSB0"), Usb(0x10C4, 0xEA60))
LAMP = "simulated-0001.lamp"


class Usbs:
    """Ports, plugged in and pulled out by a test."""

    def __init__(self) -> None:
        self._changes: asyncio.Queue[Plugged | Unplugged] = asyncio.Queue()

    def plug(self, port: Port) -> None:
        self._changes.put_nowait(Plugged(port))

    def pull(self, port: Port) -> None:
        self._changes.put_nowait(Unplugged(port))

    async def changes(self) -> AsyncIterator[Plugged | Unplugged]:
        while True:
            yield await self._changes.get()


class Counted:
    """A line that counts how often it is opened, and has nobody at its other end who speaks our protocol."""

    opened = 0

    async def open(self) -> None:
        self.opened += 1

    async def read(self) -> bytes:
        await asyncio.sleep(0.05)
        return b"ok T:21.3 /0.0\n"

    async def write(self, data: bytes) -> None:
        pass

    async def close(self) -> None:
        pass


@asynccontextmanager
async def house(found: AsyncIterator[Line | Pulled], moved_s: float = 60.0) -> AsyncGenerator[Registry]:
    registry, stop = Registry(), asyncio.Event()
    running = asyncio.create_task(BoardRoom(found, registry, answer_s=0.5, moved_s=moved_s).run(stop))
    try:
        yield registry
    finally:
        stop.set()
        await running


def nobody(port: Port) -> Board:
    raise AssertionError(f"{port.address} was opened")


async def test_a_board_is_found_goes_away_and_is_back_when_it_is_plugged_in_again() -> None:
    usb, bench = Usbs(), Bench()
    async with house(lines((), usb.changes(), lambda _: Board(bench, answer_s=0.5))) as registry:
        usb.plug(UNO)
        await until(lambda: LAMP in registry.house.devices)
        await bench.unplug()
        usb.pull(UNO)
        await until(lambda: LAMP in registry.house.away)
        bench.plug()
        await asyncio.sleep(0.6)
        assert LAMP in registry.house.away, (
            "nobody opens what was pulled out, for it may be something else now"
        )
        usb.plug(UNO)
        await until(lambda: LAMP not in registry.house.away)


async def test_what_is_plugged_in_instead_takes_the_place_of_a_board() -> None:
    usb, bench = Usbs(), Bench()
    async with house(lines((), usb.changes(), lambda _: Board(bench, answer_s=0.5))) as registry:
        usb.plug(UNO)
        await until(lambda: LAMP in registry.house.devices)
        await bench.unplug()
        usb.pull(UNO)
        await until(lambda: LAMP in registry.house.away)
        bench.board = SimulatedBoard(dead_ms=900, serial="0002")
        bench.plug()
        usb.plug(UNO)
        await until(lambda: "simulated-0002.lamp" in registry.house.devices)
        assert LAMP not in registry.house.devices


async def test_a_silent_line_is_opened_once_and_again_only_when_it_is_plugged_in_again() -> None:
    usb, line = Usbs(), Counted()
    async with house(lines((), usb.changes(), lambda _: Board(line, answer_s=0.1))) as registry:
        usb.plug(UNO)
        await until(lambda: line.opened == 1)
        await asyncio.sleep(0.5)
        assert line.opened == 1
        usb.pull(UNO)
        usb.plug(UNO)
        await until(lambda: line.opened == 2)
        assert not registry.house.devices


async def test_what_may_be_a_stick_is_not_opened_and_what_is_named_is_not_found_as_well() -> None:
    usb, bench = Usbs(), Bench()
    by_device = Line(str(UNO.device), partial(Board, bench, patient=True, answer_s=0.5))
    async with house(lines((by_device,), usb.changes(), nobody)) as registry:
        usb.plug(STICK)
        usb.plug(UNO)
        await until(lambda: LAMP in registry.house.devices)
        await asyncio.sleep(0.1)


async def test_two_boards_are_told_apart_by_their_numbers() -> None:
    usb, other = Usbs(), Port("usb-Arduino_Uno_2-if00", Path("/dev/ttyACM1"), Usb(0x2341, 0x0043))
    benches = {UNO.address: Bench(), other.address: Bench(SimulatedBoard(dead_ms=900, serial="0002"))}
    async with house(
        lines((), usb.changes(), lambda at: Board(benches[at.address], answer_s=0.5))
    ) as registry:
        usb.plug(UNO)
        usb.plug(other)
        await until(lambda: {LAMP, "simulated-0002.lamp"} <= set(registry.house.devices))


async def test_a_fault_on_one_line_leaves_the_others_alone() -> None:
    def faulty() -> Board:
        raise RuntimeError("a fault of ours")

    usb = Usbs()
    named = Line("faulty", faulty), Line("bench", partial(Board, Bench(), patient=True, answer_s=0.5))
    async with house(lines(named, usb.changes(), lambda _: faulty())) as registry:
        usb.plug(UNO)
        await until(lambda: LAMP in registry.house.devices)


async def test_a_second_board_of_a_name_waits_until_the_first_is_pulled_out() -> None:
    usb, other = Usbs(), Port("usb-Arduino_Uno_2-if00", Path("/dev/ttyACM1"), Usb(0x2341, 0x0043))
    first, second = Bench(), Bench()
    benches = {UNO.address: first, other.address: second}
    there = lines((), usb.changes(), lambda at: Board(benches[at.address], answer_s=0.5))
    async with house(there, moved_s=0) as registry:
        usb.plug(UNO)
        await until(lambda: LAMP in registry.house.devices)
        usb.plug(other)
        await until(lambda: second.board.link.is_up)
        await asyncio.sleep(0.2)
        second.board.happen("lamp", 30)
        await asyncio.sleep(0.1)
        assert registry.house.value(LAMP, "brightness") == 0
        await first.unplug()
        usb.pull(UNO)
        await until(lambda: registry.house.value(LAMP, "brightness") == 30)

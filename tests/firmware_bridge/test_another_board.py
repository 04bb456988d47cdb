"""Another board on the same line: it is told nothing that was meant for the first, and speaks for itself alone."""

import asyncio

import pytest

from firmware_bridge.client import Board
from firmware_bridge.description import Capability, Flag, Range, Type
from firmware_bridge.errors import NoAnswerError, NotConnectedError, OutcomeUnknownError
from firmware_bridge.events import Changed, Connected, Happened
from firmware_bridge.simulator import SAMPLE, SimulatedBoard
from tests.support.boards import Bench
from tests.support.simulated_time import in_simulated_time


async def swapped(bench: Bench, other: SimulatedBoard) -> SimulatedBoard:
    """Take the board away and put another one there; the first."""
    await bench.unplug()
    first, bench.board = bench.board, other
    bench.to_host = bytes
    bench.plug()
    return first


@pytest.mark.parametrize(
    "other",
    [
        SimulatedBoard(serial="garage", boot=1),
        SimulatedBoard(serial="garage", boot=9),
        SimulatedBoard(name="other", boot=1),
        SimulatedBoard(SAMPLE[2:4], serial="garage", boot=1),
    ],
    ids=["same boot", "other boot", "other name", "other capabilities"],
)
@in_simulated_time
async def test_nothing_that_was_meant_for_the_first_is_sent_to_it(other: SimulatedBoard) -> None:
    bench = Bench()
    async with Board(bench) as board:
        await asyncio.sleep(0.5)
        bench.to_host = lambda _: b""
        sent = [asyncio.create_task(board.set("lamp", level)) for level in range(1, 5)]
        waiting = asyncio.create_task(board.set("relay", True))
        rebooting = asyncio.create_task(board.reboot())
        await asyncio.sleep(0.2)
        first = await swapped(bench, other)
        for each in sent:
            with pytest.raises(OutcomeUnknownError, match="another board"):
                await each
        for each in (waiting, rebooting):
            with pytest.raises(NotConnectedError, match="nothing was sent"):
                await each
    assert (first.acted, other.acted) == ([("lamp", level) for level in range(1, 5)], [])


@in_simulated_time
async def test_what_was_asked_of_the_first_is_not_answered_by_it() -> None:
    bench = Bench()
    async with Board(bench) as board:
        await asyncio.sleep(0.5)
        bench.to_host = lambda _: b""
        asking, rebooting = asyncio.create_task(board.get("lamp")), asyncio.create_task(board.reboot())
        await asyncio.sleep(0.2)
        await swapped(bench, SimulatedBoard(serial="garage", boot=9))
        with pytest.raises(NoAnswerError, match="another board"):
            await asking
        with pytest.raises(OutcomeUnknownError, match="another board"):
            await rebooting


@in_simulated_time
async def test_a_board_that_got_another_firmware_is_told_nothing_that_means_something_else_now() -> None:
    bench = Bench()
    async with Board(bench) as board:
        await asyncio.sleep(0.5)
        bench.to_host = lambda _: b""
        setting = asyncio.create_task(board.set("lamp", 60))
        await asyncio.sleep(0.2)
        await swapped(bench, changed := SimulatedBoard(SAMPLE[1:2], boot=2))
        with pytest.raises(OutcomeUnknownError, match="lamp is another one now"):
            await setting
    assert changed.acted == []


@in_simulated_time
async def test_the_values_of_the_first_are_not_taken_for_its_own() -> None:
    bench = Bench()
    async with Board(bench) as board:
        await board.set("lamp", 80)
        told = board.events()
        await swapped(bench, SimulatedBoard(serial="garage"))
        async for event in told:
            if isinstance(event, Connected):
                break
        assert board.values == {}
        await asyncio.sleep(0.5)
        assert board.values["lamp"] == 0


WATCHED = (
    Capability(0, "smoke_alarm", Type.EVENT, Flag(0), "event"),
    Capability(1, "level", Type.NUMBER, Flag.READ, "sensor", "%", Range(0, 100)),
)
"""What the first tells of, where the other has something else under the same indexes."""
OTHERS = (
    Capability(0, "doorbell", Type.EVENT, Flag(0), "event"),
    Capability(1, "fan", Type.NUMBER, Flag.READ, "sensor", "%", Range(0, 100)),
)


class Eager(SimulatedBoard):
    """Says something as soon as anybody is there."""

    eager = True

    def step(self, now: float, data: bytes = b"") -> tuple[bytes, float | None]:
        output, due = super().step(now, data)
        if self.link.is_up and self.eager:
            self.eager = False
            self.happen(self.capabilities[0].name)
            self.happen(self.capabilities[1].name, 77)
        return output, due


@in_simulated_time
async def test_what_it_says_before_it_is_known_is_told_as_its_own() -> None:
    bench = Bench(SimulatedBoard(WATCHED, dead_ms=900))
    async with Board(bench) as board:
        await asyncio.sleep(0.5)
        told = board.events()
        await swapped(bench, Eager(OTHERS, serial="garage", dead_ms=900))
        await asyncio.sleep(3)
    heard = [event async for event in told]
    assert [each for each in heard if isinstance(each, Happened)] == [Happened("doorbell", None)]
    assert {each.name for each in heard if isinstance(each, Changed)} == {"fan"}
    since = heard[next(n for n, each in enumerate(heard) if isinstance(each, Connected)) + 1 :]
    assert since[:2] == [Happened("doorbell", None), Changed("fan", 77)]


@in_simulated_time
async def test_what_a_board_says_at_once_is_not_lost() -> None:
    bench = Bench(Eager(OTHERS, dead_ms=900))
    async with Board(bench, patient=True) as board:
        told = board.events()
        await asyncio.sleep(1)
    assert Happened("doorbell", None) in [event async for event in told]

"""Who asks again hears what comes of it, as everybody does who asked."""

import asyncio
from dataclasses import replace
from pathlib import Path

from runtime.commands.desk import DeskSettings
from runtime.commands.journal.record import Phase
from runtime.commands.order import Order, ReplyTo, Result, Status
from tests.support.clocks import SimulatedClock
from tests.support.desk import Around, OutboxSimulator, desk_in

AGAIN = ReplyTo("console", "again")


def told(around: Around, order: Order) -> set[tuple[str, Status]]:
    """Who heard what."""
    return {
        (reply.address, result.status) for reply, result in around.outbox.told if result.order == order.id
    }


BOTH = {(who, status) for who in ("anna", "again") for status in (Status.PLANNED, Status.SENT)}


async def planned(around: Around) -> Order:
    order = around.order("blind later")
    await around.desk.take(order)
    await around.outbox.results(order.id)
    return order


async def ten_minutes(around: Around, clock: SimulatedClock) -> None:
    for _ in range(31):
        clock.pass_by(20)
        await around.journal.unfinished()
        await asyncio.sleep(0.002)


async def test_what_comes_of_a_plan_is_told_to_everybody_who_asked(tmp_path: Path) -> None:
    clock = SimulatedClock()
    async with desk_in(tmp_path, clock=clock) as around:
        order = await planned(around)
        for _ in range(2):
            await around.desk.take(replace(order, reply=AGAIN))
        await around.outbox.results(order.id, 3)
        await ten_minutes(around, clock)
        assert len(await around.outbox.results(order.id, 5)) == 5
        assert told(around, order) == BOTH


async def test_also_to_who_asks_while_it_is_being_done(tmp_path: Path) -> None:
    clock = SimulatedClock()
    async with desk_in(tmp_path, clock=clock) as around:
        order = await planned(around)
        gate = around.channel.gate = asyncio.Event()
        await ten_minutes(around, clock)
        assert [each.phase for each in await around.journal.unfinished()] == [Phase.SENDING]
        await around.desk.take(replace(order, reply=AGAIN))
        gate.set()
        await around.outbox.results(order.id, 4)
        assert told(around, order) == BOTH


async def test_also_of_a_plan_that_is_taken_back(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as around:
        order = await planned(around)
        await around.desk.take(replace(order, reply=AGAIN))
        assert await around.desk.withdraw("anna", order.id)
        await around.outbox.results(order.id, 4)
        cancelled = {(who, Status.CANCELLED) for who in ("anna", "again")}
        assert cancelled < told(around, order)


class _Silent(OutboxSimulator):
    """A broker that never says that it has it."""

    async def deliver(self, reply: ReplyTo, result: Result) -> None:
        await super().deliver(reply, result)
        await asyncio.Event().wait()


async def test_a_result_that_nobody_confirms_does_not_wait_for_ever(tmp_path: Path) -> None:
    settings = DeskSettings(state_wait_s=0.01, tell_s=0.05)
    async with desk_in(tmp_path, settings=settings, outbox=_Silent()) as around:
        assert (await around.ask("lamp on")).status is Status.SENT
        async with asyncio.timeout(10):
            while await around.journal.unfinished():  # noqa: ASYNC110  the desk tells nobody
                await asyncio.sleep(0.005)

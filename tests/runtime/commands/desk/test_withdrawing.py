"""What is taken back before it is begun is not done, and its sender hears so."""

import asyncio
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from runtime.commands.journal.journal import Journal
from runtime.commands.order import Result, Status
from runtime.errors import BusyError
from tests.support.clocks import SimulatedClock
from tests.support.desk import desk_in


async def test_what_waits_behind_others_can_be_taken_back(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as around:
        gate = around.interpreter.slow["lamp on"] = asyncio.Event()
        first, second = around.order("lamp on"), around.order("lamp off")
        for order in (first, second):
            await around.desk.take(order)
        assert await around.desk.withdraw("anna", second.id)
        assert not await around.desk.withdraw("anna", "nobody's")
        (cancelled,) = await around.outbox.results(second.id)
        gate.set()
        await around.outbox.results(first.id)
        assert cancelled.status is Status.CANCELLED
        assert not await around.desk.withdraw("anna", first.id)
        assert around.channel.carried == ["lamp/power=True"]


async def test_what_is_planned_can_be_taken_back_by_its_id(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as around:
        order = around.order("blind later")
        await around.desk.take(order)
        await around.outbox.results(order.id)
        assert await around.desk.withdraw("anna", order.id)
        planned, cancelled = await around.outbox.results(order.id, 2)
        assert (planned.status, cancelled.status) == (Status.PLANNED, Status.CANCELLED)
        assert around.channel.carried == []


async def test_nobody_takes_back_what_another_said(tmp_path: Path) -> None:
    """Senders may well use the same ids."""
    async with desk_in(tmp_path) as around:
        orders = [around.order("blind later", id="1", sender=each) for each in ("anna", "berta", "")]
        for order in orders:
            await around.desk.take(order)
        await around.outbox.results("1", 3)
        assert not await around.desk.withdraw("carla", "1")
        assert await around.desk.withdraw("berta", "1")
        assert not await around.desk.withdraw("berta", "1")
        assert await around.desk.withdraw("anna", "1")
        assert await around.desk.withdraw("", "1")


def _as_on_disk(folder: Path, now: Path) -> None:
    """What a kill at this moment would leave."""
    now.mkdir()
    for each in folder.glob("journal.db*"):
        shutil.copy(each, now / each.name)


async def test_a_plan_is_taken_back_on_disk_before_it_is_said(tmp_path: Path) -> None:
    clock, killed = SimulatedClock(), tmp_path / "killed"
    async with desk_in(tmp_path, clock=clock) as around:
        order = around.order("blind later")
        await around.desk.take(order)
        await around.outbox.results(order.id)
        assert await around.desk.withdraw("anna", order.id)
        _as_on_disk(tmp_path, killed)
    async with desk_in(killed, clock=clock) as around:
        await around.desk.take(order)
        assert (await around.outbox.results(order.id))[-1].status is Status.CANCELLED
        clock.pass_by(610)
        assert (await around.ask("lamp on", id="another")).status is Status.SENT
        assert around.channel.carried == ["lamp/power=True"]


async def test_what_waits_is_taken_back_on_disk_before_it_is_said(tmp_path: Path) -> None:
    clock, killed = SimulatedClock(), tmp_path / "killed"
    async with desk_in(tmp_path, clock=clock) as around:
        gate = around.interpreter.slow["lamp off"] = asyncio.Event()
        first, second = around.order("lamp off"), around.order("ring")
        for order in (first, second):
            await around.desk.take(order)
        assert await around.desk.withdraw("anna", second.id)
        _as_on_disk(tmp_path, killed)
        gate.set()
    async with desk_in(killed, clock=clock) as around:
        await around.outbox.results(first.id)
        await around.desk.take(second)
        assert (await around.outbox.results(second.id))[-1].status is Status.CANCELLED
        assert around.channel.carried == ["lamp/power=False"]


async def test_a_desk_that_has_ended_takes_nothing_back_and_keeps_the_plan(tmp_path: Path) -> None:
    clock = SimulatedClock()
    async with desk_in(tmp_path, clock=clock) as around:
        order = around.order("blind later")
        await around.desk.take(order)
        await around.outbox.results(order.id)
    with pytest.raises(BusyError, match="stopping"):
        await around.desk.withdraw("anna", order.id)
    async with desk_in(tmp_path, clock=clock) as around:
        assert await around.desk.withdraw("anna", order.id)


class _FailsOnce(Journal):
    """Cannot write down the first decision."""

    failed = False

    async def decide(self, key: int, result: Result, *, cancelled: Iterable[tuple[int, Result]] = ()) -> None:
        if not self.failed:
            self.failed = True
            raise KeyError("a fault")
        await super().decide(key, result, cancelled=cancelled)


async def test_a_plan_that_could_not_be_taken_back_is_still_there(tmp_path: Path) -> None:
    async with desk_in(tmp_path, keeps=_FailsOnce) as around:
        order = around.order("blind later")
        await around.desk.take(order)
        await around.outbox.results(order.id)
        with pytest.raises(KeyError):
            await around.desk.withdraw("anna", order.id)
        assert await around.desk.withdraw("anna", order.id)

"""What is taken back before it is begun is not done, and its sender hears so."""

import asyncio
from pathlib import Path

from runtime.commands.order import Status
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

"""One order's fault is that order's result: whatever step it happens in, the next order is done."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from runtime.commands.journal.journal import Journal
from runtime.commands.journal.record import Plan, Record
from runtime.commands.journal.writer import JournalError
from runtime.commands.meaning import Do
from runtime.commands.order import Result, Status
from runtime.commands.policy.policy import Policy, Verdict
from tests.support.clocks import SimulatedClock
from tests.support.desk import Around, desk_in


class FaultyJournal(Journal):
    """Fails once in each step that is named."""

    faults: tuple[str, ...] = ()
    fault: Exception = KeyError("a fault")

    def _fail(self, step: str) -> None:
        if step in self.faults:
            self.faults = tuple(each for each in self.faults if each != step)
            raise self.fault

    async def plan(self, key: int, result: Result, plan: Plan) -> Record:
        self._fail("plan")
        return await super().plan(key, result, plan)

    async def decide(self, key: int, result: Result, *, cancelled: Iterable[tuple[int, Result]] = ()) -> None:
        self._fail("decide")
        await super().decide(key, result, cancelled=cancelled)

    async def record(self, key: int) -> Record | None:
        self._fail("record")
        return None if "forgotten" in self.faults else await super().record(key)


def failing(around: Around, *steps: str) -> FaultyJournal:
    assert isinstance(around.journal, FaultyJournal)
    around.journal.faults = steps
    return around.journal


@pytest.mark.parametrize(
    ("text", "step", "status"),
    [
        ("blind later", "plan", Status.FAILED),
        ("gloop", "decide", Status.FAILED),
        ("blind 40", "decide", Status.UNKNOWN),  # it was sent
    ],
)
async def test_a_fault_is_the_answer_and_the_next_order_is_done(
    text: str, step: str, status: Status, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk_in(tmp_path, keeps=FaultyJournal) as around:
        failing(around, step)
        assert (await around.ask(text)).status is status
        assert "a fault" in caplog.text
        assert (await around.ask("lamp on")).status is Status.SENT
        assert around.desk.open == 0


async def test_what_cannot_be_answered_either_is_left_for_the_next_start(tmp_path: Path) -> None:
    async with desk_in(tmp_path, keeps=FaultyJournal) as around:
        failing(around, "decide", "record")
        order = around.order("gloop")
        await around.desk.take(order)
        assert (await around.ask("lamp on")).status is Status.SENT
        assert around.desk.open == 0
    async with desk_in(tmp_path) as around:
        assert len(await around.outbox.results(order.id)) == 1


async def test_a_fault_in_what_was_planned_fails_that_alone(tmp_path: Path) -> None:
    class Faulty(Policy):
        def judge(self, do: Do, *args: Any, confirmed: bool = False, dry_run: bool = False) -> Verdict:
            if confirmed:
                raise KeyError(do)
            return super().judge(do, *args, confirmed=confirmed, dry_run=dry_run)

    clock = SimulatedClock()
    async with desk_in(tmp_path, clock=clock, policy=Faulty()) as around:
        order = around.order("blind later")
        await around.desk.take(order)
        await around.outbox.results(order.id)
        for _ in range(31):
            clock.pass_by(20)
            await around.journal.unfinished()
            await asyncio.sleep(0.002)
        assert (await around.outbox.results(order.id, 2))[1].status is Status.FAILED
        assert (await around.ask("lamp on")).status is Status.SENT


@pytest.mark.parametrize(("step", "told"), [("record", 1), ("forgotten", 2)])
async def test_who_asks_again_for_what_cannot_be_looked_up_ends_nothing(
    step: str, told: int, tmp_path: Path
) -> None:
    async with desk_in(tmp_path, keeps=FaultyJournal) as around:
        order = around.order("lamp on")
        await around.desk.take(order)
        await around.outbox.results(order.id)
        while around.desk.open:  # noqa: ASYNC110  the desk tells nobody
            await asyncio.sleep(0.002)
        failing(around, step)
        await around.desk.take(order)
        assert (await around.ask("blind 40")).status is Status.SENT
        assert len(await around.outbox.results(order.id, told)) == told
        assert around.channel.carried.count("lamp/power=True") == 1


async def test_a_damaged_journal_ends_the_run(tmp_path: Path) -> None:
    async def damaged() -> None:
        async with desk_in(tmp_path, keeps=FaultyJournal) as around:
            failing(around, "decide").fault = JournalError("the disk fails")
            await around.desk.take(around.order("gloop"))
            await asyncio.sleep(0.1)

    with pytest.raises(JournalError, match="the disk fails"):
        await damaged()

"""What is done later: at its time, not before, not long after, whatever the clock is set to."""

import asyncio
import tracemalloc
from pathlib import Path

import pytest

from runtime.commanding import understanding
from runtime.commands.desk import DeskSettings
from runtime.commands.journal.record import Phase, Record
from runtime.commands.meaning import CancelPlanned, Do, Meaning, Reason, TellPlanned
from runtime.commands.order import Order, Status
from runtime.commands.planned import Planned
from runtime.commands.policy.policy import Policy
from runtime.commands.policy.scope import Scope
from runtime.commands.policy.settings import Client, PolicySettings
from tests.support.clocks import SimulatedClock
from tests.support.desk import (
    BLIND_40,
    LAMP_ON,
    SENTENCES,
    UNLOCK,
    Around,
    InterpreterSimulator,
    desk_in,
)


def interpreter() -> InterpreterSimulator:
    more: dict[str, Meaning] = {
        "lamp later": Do(LAMP_ON.actions, 1200.0),
        "unlock later": Do(UNLOCK.actions, 60.0),
        "in a year": Do(LAMP_ON.actions, 366 * 86400.0),
        "cancel": CancelPlanned(),
        "what is planned": TellPlanned(),
        "what of the blind": TellPlanned(("blind",)),
        "cancel the blind": CancelPlanned(("blind",)),
    }
    return InterpreterSimulator(SENTENCES | more)


async def wait(around: Around, clock: SimulatedClock, seconds: float, step: float = 20.0) -> None:
    for _ in range(round(seconds / step)):
        clock.pass_by(step)
        await around.journal.unfinished()
        await asyncio.sleep(0.002)


async def test_it_is_done_at_its_time_and_told_twice(tmp_path: Path) -> None:
    clock = SimulatedClock()
    async with desk_in(tmp_path, clock=clock, interpreter=interpreter()) as around:
        order = around.order("blind later")
        await around.desk.take(order)
        (planned,) = await around.outbox.results(order.id)
        assert (planned.status, planned.text) == (
            Status.PLANNED,
            "I will set the blind to 40% in 10 minutes.",
        )
        assert planned.due_at == clock.now().wall + 600
        await wait(around, clock, 580)
        assert around.channel.sent == []
        await wait(around, clock, 40)
        done = (await around.outbox.results(order.id, 2))[1]
        assert (done.status, around.channel.carried) == (Status.SENT, ["blind/position=40"])


@pytest.mark.parametrize("by", [-86400.0 * 365, 86400.0 * 365])
async def test_a_clock_that_is_set_neither_hastens_nor_loses_it(tmp_path: Path, by: float) -> None:
    clock = SimulatedClock()
    async with desk_in(tmp_path, clock=clock, interpreter=interpreter()) as around:
        first, second = around.order("blind later"), around.order("lamp later")
        await around.desk.take(first)
        await around.desk.take(second)
        await around.outbox.results(second.id)
        clock.set(clock.now().wall + by)
        await wait(around, clock, 580)
        assert around.channel.sent == []
        await wait(around, clock, 40)
        await around.outbox.results(first.id, 2)
        assert around.channel.carried == ["blind/position=40"]
        await wait(around, clock, 600)
        await around.outbox.results(second.id, 2)
        assert len(around.channel.sent) == 2


@pytest.mark.parametrize(
    ("off_s", "step", "carried"),
    [(300.0, 0.0, []), (590.0, 20.0, ["blind/position=40"]), (650.0, 0.0, ["blind/position=40"])],
)
async def test_it_survives_a_restart(tmp_path: Path, off_s: float, step: float, carried: list[str]) -> None:
    clock = SimulatedClock()
    async with desk_in(tmp_path, clock=clock, interpreter=interpreter()) as around:
        assert (await around.ask("blind later")).status is Status.PLANNED
    clock.reboot("second", off_s)
    async with desk_in(tmp_path, clock=clock, interpreter=interpreter()) as around:
        await wait(around, clock, step, step or 1.0)
        if carried:
            await around.outbox.results("o1")
        await around.journal.unfinished()
        assert around.channel.carried == carried


async def test_a_machine_that_slept_over_it_does_not_do_it_late(tmp_path: Path) -> None:
    clock = SimulatedClock()
    async with desk_in(tmp_path, clock=clock, interpreter=interpreter()) as around:
        order = around.order("blind later")
        await around.desk.take(order)
        await around.outbox.results(order.id)
        clock.pass_by(7200.0)
        await wait(around, clock, 80)  # it looks again within half a minute
        late = (await around.outbox.results(order.id, 2))[1]
        assert (late.status, late.reason, around.channel.sent) == (Status.REFUSED, Reason.TOO_LATE, [])


async def test_what_is_planned_is_told_the_next_first(tmp_path: Path) -> None:
    clock = SimulatedClock()
    async with desk_in(tmp_path, clock=clock, interpreter=interpreter()) as around:
        assert (await around.ask("what is planned")).text == "Nothing was planned."
        await around.ask("lamp later")
        await around.ask("blind later")
        clock.pass_by(60.0)
        told = await around.ask("what is planned")
        assert told.status is Status.TOLD
        assert told.text == (
            "Planned (2): set the blind to 40% in 9 minutes; turn on the desk lamp in 19 minutes."
        )
        assert (await around.ask("what of the blind", language="zh-TW")).text == (
            "預定了 1 件事：在 9 分鐘後將blind設為40%。"
        )


async def test_nobody_is_told_of_what_they_may_not_command(tmp_path: Path) -> None:
    clients = (Client("anna", (Scope(kinds=("cover",)),)), Client("bert", (Scope(kinds=("light",)),)))
    policy = Policy(PolicySettings(clients=clients))
    async with desk_in(tmp_path, policy=policy, interpreter=interpreter()) as around:
        await around.ask("blind later")
        assert "blind" in (await around.ask("what is planned")).text
        assert (await around.ask("what is planned", sender="bert")).text == "Nothing was planned."


async def test_what_is_cancelled_is_not_done_and_both_hear_of_it(tmp_path: Path) -> None:
    clock = SimulatedClock()
    async with desk_in(tmp_path, clock=clock, interpreter=interpreter()) as around:
        blind, lamp = around.order("blind later"), around.order("lamp later")
        for each in (blind, lamp):
            await around.desk.take(each)
            await around.outbox.results(each.id)
        cancelled = await around.ask("cancel the blind", sender="bert")
        assert (cancelled.status, cancelled.actions) == (Status.CANCELLED, BLIND_40.actions)
        assert cancelled.text == "What was planned for the blind is cancelled."
        assert (await around.outbox.results(blind.id, 2))[1].status is Status.CANCELLED
        assert (await around.ask("cancel")).actions == LAMP_ON.actions
        assert (await around.ask("cancel")).text == "Nothing was planned."
        await wait(around, clock, 1300)
        assert around.channel.sent == []


async def test_who_may_not_command_it_may_not_cancel_it(tmp_path: Path) -> None:
    policy = Policy(PolicySettings(clients=(Client("anna"), Client("bert", (Scope(devices=("lamp",)),)))))
    async with desk_in(tmp_path, policy=policy, interpreter=interpreter()) as around:
        await around.ask("blind later")
        refused = await around.ask("cancel", sender="bert")
        assert (refused.status, refused.reason) == (Status.REFUSED, Reason.NOT_ALLOWED)
        assert (await around.ask("cancel")).status is Status.CANCELLED


async def test_what_is_dangerous_is_confirmed_when_it_is_planned(tmp_path: Path) -> None:
    clock = SimulatedClock()
    async with desk_in(tmp_path, clock=clock, interpreter=interpreter()) as around:
        assert (await around.ask("unlock later")).status is Status.ASKED
        yes = around.order("yes")
        await around.desk.take(yes)
        assert (await around.outbox.results(yes.id))[0].status is Status.PLANNED
        await wait(around, clock, 80)
        await around.outbox.results(yes.id, 2)
        assert around.channel.carried == ["door/state='unlocked'"]


async def test_a_device_that_is_gone_by_then_is_told_of(tmp_path: Path) -> None:
    clock = SimulatedClock()
    async with desk_in(tmp_path, clock=clock, interpreter=interpreter()) as around:
        order = around.order("blind later")
        await around.desk.take(order)
        await around.outbox.results(order.id)
        around.registry.remove("blind")
        await wait(around, clock, 620)
        assert (await around.outbox.results(order.id, 2))[1].reason is Reason.NO_SUCH_DEVICE


async def test_there_is_an_end_to_how_far_and_how_much(tmp_path: Path) -> None:
    settings = DeskSettings(plans=1)
    async with desk_in(tmp_path, settings=settings, interpreter=interpreter()) as around:
        far = await around.ask("in a year")
        assert (far.reason, far.text) == (
            Reason.OUT_OF_RANGE,
            "I plan at most 30 days ahead; say a shorter time.",
        )
        assert (await around.ask("blind later")).status is Status.PLANNED
        assert (await around.ask("lamp later")).reason is Reason.TOO_OFTEN


@pytest.mark.parametrize(
    "text", ["turn on the lamp in {} hours", "unlock the front door in {} hours", "{}小時後開檯燈"]
)
@pytest.mark.parametrize("dry_run", [False, True])
async def test_there_is_an_end_to_what_is_said_of_it(text: str, *, dry_run: bool, tmp_path: Path) -> None:
    languages = ("en", "zh-TW")
    async with desk_in(tmp_path, understanding=understanding(languages, None)) as around:
        language = "en" if text.isascii() else "zh-TW"
        far = await around.ask(text.format("9" * 350), dry_run=dry_run, language=language)
        assert (far.status, far.reason) == (Status.REFUSED, Reason.OUT_OF_RANGE)


async def test_what_was_taken_away_leaves_no_trace() -> None:
    clock, order = SimulatedClock(), Order("1", "anna", "later", None, None, 0.0, 0.0)
    planned, now = Planned(clock, 60.0), clock.now()

    def add(key: int, after_s: float) -> None:
        planned.add(Record(key, order, Phase.PLANNED, now, later=True, after_s=after_s))

    add(0, 1000.0)
    tracemalloc.start()
    for key in range(1, 20_001):
        add(key, 2000.0)
        assert planned.take(key) is not None
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 100_000, "bytes"
    due: list[int] = []
    waiting = asyncio.create_task(planned.run(lambda record: due.append(record.key)))
    await asyncio.sleep(0.01)
    clock.pass_by(1001.0)
    await asyncio.sleep(0.01)
    assert due == [0]
    waiting.cancel()

"""What a restart makes of each phase: the table of ADR 17."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.commands.desk.recovery import Finding, find
from runtime.commands.journal.journal import Journal
from runtime.commands.journal.record import Phase, Plan, Record, Sending
from runtime.commands.meaning import Action, Reason
from runtime.commands.order import Order, ReplyTo, Result, Status
from runtime.commands.registry.binding import Outgoing
from tests.support.clocks import SimulatedClock
from tests.support.desk import BLIND_40, LAMP_OFF, LAMP_ON, RING, desk_in

CLOCK = SimulatedClock()
NOW = CLOCK.now()
RESULT = Result("1", Status.SENT, "Done.", BLIND_40.actions)


def sendings(*actions: Action) -> tuple[Sending, ...]:
    return tuple(Sending(each, (Outgoing("mqtt", "again", b""),)) for each in actions)


def record(phase: Phase, turn: int | None = None, *actions: Action, shared: bool = False) -> Record:
    order = Order("1", "", "on", None, None, 0.0, 30.0, shared=shared)
    return Record(1, order, phase, NOW, turn=turn, sendings=sendings(*actions), result=RESULT)


ON, OFF, RUNG = LAMP_ON.actions[0], LAMP_OFF.actions[0], RING.actions[0]
DIMMED = Action("lamp", "brightness", 10.0)


@pytest.mark.parametrize(
    ("found", "sent", "finding"),
    [
        (record(Phase.RECEIVED), (), Finding.BEGIN),
        (record(Phase.RECEIVED, shared=True), (), Finding.UNKNOWN),
        (record(Phase.PLANNED), (), Finding.WAIT),
        (record(Phase.SENDING, 5, ON), (), Finding.REPEAT),
        (record(Phase.SENDING, 5, RUNG), (), Finding.UNKNOWN),
        (record(Phase.SENDING, 5, ON, RUNG), (), Finding.UNKNOWN),
        (record(Phase.SENDING, 5, ON), (record(Phase.SENT, 6, OFF),), Finding.UNKNOWN),
        (record(Phase.SENDING, 5, ON), (record(Phase.SENT, 6, DIMMED),), Finding.UNKNOWN),
        (record(Phase.SENDING, 5, ON), (record(Phase.SENT, 4, OFF),), Finding.REPEAT),
        (record(Phase.SENDING, 5, ON), (record(Phase.SENT, 6, RUNG),), Finding.REPEAT),
        (record(Phase.SENT, 5, ON), (), Finding.SENT),
        (record(Phase.DECIDED), (), Finding.TELL),
    ],
)
def test_a_phase_says_what_is_to_be_done(found: Record, sent: tuple[Record, ...], finding: Finding) -> None:
    assert find(found, sent) is finding


def order(name: str, text: str = "blind 40", **fields: bool) -> Order:
    made = Order(name, "anna", text, None, ReplyTo("console", ""), NOW.wall, NOW.wall + 30)
    return replace(made, **fields) if fields else made  # type: ignore[arg-type]


async def left(folder: Path, phase: Phase, *actions: Action, shared: bool = False) -> None:
    """A journal in which order 1 got so far."""
    journal = await Journal.open(folder / "journal.db")
    key = (await journal.take(order("1", shared=shared), NOW)).record.key
    if phase in {Phase.SENDING, Phase.SENT}:
        await journal.sending(key, sendings(*actions), RESULT)
    if phase is Phase.SENT:
        journal.sent(key)
    if phase is Phase.DECIDED:
        await journal.decide(key, RESULT)
    await journal.close()


async def found(folder: Path, clock: SimulatedClock) -> tuple[Result, list[str]]:
    """What the next run tells of order 1, and what it sends."""
    async with desk_in(folder, clock=clock) as around:
        (result,) = await around.outbox.results("1")
        return result, [each.address for each in around.channel.sent]


def later(seconds: float, *, reboot: bool = False) -> SimulatedClock:
    clock = SimulatedClock()
    if reboot:
        clock.reboot("second", seconds)
    else:
        clock.pass_by(seconds)
    return clock


def set_back() -> SimulatedClock:
    clock = later(10, reboot=True)
    clock.set(NOW.wall - 3600)
    return clock


ONCE = (BLIND_40.actions[0],)


@pytest.mark.parametrize(
    ("phase", "actions", "clock", "status", "sent"),
    [
        (Phase.RECEIVED, (), lambda: later(10), Status.SENT, ["blind/position"]),
        (Phase.RECEIVED, (), lambda: later(31), Status.REFUSED, []),
        (Phase.RECEIVED, (), lambda: later(10, reboot=True), Status.SENT, ["blind/position"]),
        (Phase.RECEIVED, (), lambda: later(31, reboot=True), Status.REFUSED, []),
        (Phase.RECEIVED, (), set_back, Status.REFUSED, []),
        (Phase.SENDING, ONCE, lambda: later(10), Status.SENT, ["again"]),
        (Phase.SENDING, ONCE, lambda: later(31), Status.UNKNOWN, []),
        (Phase.SENDING, ONCE, set_back, Status.UNKNOWN, []),
        (Phase.SENDING, RING.actions, lambda: later(1), Status.UNKNOWN, []),
        (Phase.SENT, ONCE, lambda: later(1), Status.SENT, []),
        (Phase.DECIDED, (), lambda: later(4000), Status.SENT, []),
    ],
)
async def test_the_next_run_does_and_says_what_is_right(
    tmp_path: Path,
    phase: Phase,
    actions: tuple[Action, ...],
    clock: Callable[[], SimulatedClock],
    status: Status,
    sent: list[str],
) -> None:
    await left(tmp_path, phase, *actions)
    result, addresses = await found(tmp_path, clock())
    assert (result.status, addresses) == (status, sent)
    assert result.status is not Status.REFUSED or result.reason is Reason.TOO_LATE
    async with desk_in(tmp_path, clock=clock()) as around:
        await around.desk.take(order("1"))
        assert await around.outbox.results("1") == [result], "told the same, and not done again"
        assert around.channel.sent == []


async def test_what_others_may_have_been_given_is_not_begun(tmp_path: Path) -> None:
    await left(tmp_path, Phase.RECEIVED, shared=True)
    result, sent = await found(tmp_path, later(1))
    assert (result.status, sent) == (Status.UNKNOWN, [])
    assert "another may have been given it" in result.text


@pytest.mark.parametrize("phase", [Phase.RECEIVED, Phase.SENDING, Phase.SENT, Phase.DECIDED])
async def test_what_cannot_be_read_is_unknown_and_keeps_nothing_from_being_done(
    phase: Phase, tmp_path: Path
) -> None:
    await left(tmp_path, phase, *ONCE)
    with closing(sqlite3.connect(tmp_path / "journal.db", isolation_level=None)) as connection:
        connection.execute("UPDATE orders SET asked = json_set(asked, '$.newer', 1)")
        connection.execute(
            "UPDATE orders SET result = json_set(result, '$.newer', 1) WHERE result IS NOT NULL"
        )
    for name in ("next", "last"):
        async with desk_in(tmp_path, clock=later(1)) as around:
            await around.desk.take(order("1"))
            result = (await around.outbox.results("1"))[-1]
            assert (result.status, around.channel.sent) == (Status.UNKNOWN, [])
            assert "cannot read" in result.text
            assert (await around.ask("lamp on", id=name)).status is Status.SENT


async def test_a_repeat_waits_for_the_broker_and_is_unknown_if_that_does_not_come(tmp_path: Path) -> None:
    await left(tmp_path, Phase.SENDING, *ONCE)
    clock = later(1)
    async with desk_in(tmp_path, clock=clock) as around:
        around.channel.away.add("again")
        for _ in range(80):
            clock.pass_by(0.5)
            await asyncio.sleep(0.001)
        (result,) = await around.outbox.results("1")
        assert (result.status, around.channel.sent) == (Status.UNKNOWN, [])


async def test_repeats_come_before_anything_new_and_in_their_order(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "journal.db")
    for name in ("1", "2"):
        await journal.take(order(name), NOW)
    for key, action, value in ((2, ONCE[0], b"first"), (1, ON, b"second")):
        message = Outgoing("mqtt", "blind/position", value)
        await journal.sending(key, (Sending(action, (message,)),), RESULT)
    await journal.close()
    async with desk_in(tmp_path, clock=later(1)) as around:
        await around.ask("blind 40")
        assert [each.payload for each in around.channel.sent] == [b"first", b"second", b"40"]


async def test_a_plan_that_a_restart_missed_is_told_and_not_done(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "journal.db")
    key = (await journal.take(order("1"), NOW)).record.key
    planned = replace(RESULT, status=Status.PLANNED)
    await journal.plan(key, planned, Plan(600.0, ONCE, NOW, RESULT))
    journal.answered(key)
    await journal.close()
    result, sent = await found(tmp_path, later(700, reboot=True))
    assert (result.status, result.reason, sent) == (Status.REFUSED, Reason.TOO_LATE, [])
    assert "while I was not running" in result.text

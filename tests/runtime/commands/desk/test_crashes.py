"""A desk that goes down at any moment: orders are answered or reported unknown, nothing is done twice, nothing late.

A crash here is a copy of the files as they are, and a desk that begins with the copy; `test_kills.py` kills a process.
"""

import asyncio
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from runtime.commands.clock import SystemClock
from runtime.commands.desk import Desk, DeskSettings
from runtime.commands.journal.journal import Journal
from runtime.commands.meaning import Action, CancelPlanned, Do, Meaning
from runtime.commands.order import Order, ReplyTo, Result, Status
from runtime.commands.policy.policy import Policy
from runtime.commands.policy.settings import PolicySettings, Rates
from runtime.commands.registry.binding import Outgoing
from runtime.errors import BusyError, DeviceError
from tests.support.clocks import SimulatedClock
from tests.support.desk import InterpreterSimulator, RegistrySimulator, SessionsSimulator

_T = TypeVar("_T")

TTL: Final = 30.0
GRACE: Final = 60.0
DEVICES: Final = ("lamp/brightness", "blind/position", "bell/activate")
MOVED: Final = frozenset({Status.DONE, Status.SENT})
UNMOVED: Final = frozenset({Status.REFUSED, Status.FAILED, Status.CANCELLED, Status.PLANNED, Status.TOLD})


@dataclass
class World:
    """What outlives the appliance: devices, whoever ordered, and time."""

    clock: SimulatedClock = field(default_factory=SimulatedClock)
    effects: list[tuple[str, str, float]] = field(default_factory=list)
    """Address, payload, and when it was begun to be sent, in seconds that nobody can set."""
    passed: float = 0.0
    trusted: bool = True
    """The time of day was never set, so that ages over a reboot are what they seem."""
    told: dict[str, list[Result]] = field(default_factory=lambda: defaultdict(list))
    away: bool = False
    """Nothing can be delivered."""
    stuck_before: bool = False
    """The next messages stick in the channel; they never went out."""
    stuck_after: bool = False
    """The next messages go out, and the acknowledgement sticks."""
    moved: asyncio.Event = field(default_factory=asyncio.Event)


class Channel:
    """Of one life of the appliance."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def send(self, outgoing: Outgoing) -> None:
        world, begun = self._world, self._world.passed
        while world.stuck_before:
            await world.moved.wait()
        if world.away:
            raise DeviceError("nothing can be delivered; look at the broker")
        world.effects.append((outgoing.address, outgoing.payload.decode(), begun))
        while world.stuck_after:
            await world.moved.wait()


class Outbox:
    """Of one life of the appliance."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def deliver(self, reply: ReplyTo, result: Result) -> None:  # noqa: ARG002  who asked is known
        self._world.told[result.order].append(result)


@dataclass
class Life:
    """The appliance between two crashes."""

    folder: Path
    journal: Journal
    desk: Desk
    running: asyncio.Task[None]


async def begin(folder: Path, world: World, meanings: dict[str, Meaning]) -> Life:
    journal = await Journal.open(folder / "journal.db")
    desk = Desk(
        RegistrySimulator(),
        InterpreterSimulator(meanings),
        Policy(PolicySettings(rates=Rates(0, 0))),
        journal,
        {"mqtt": Channel(world)},
        {"console": Outbox(world)},
        sessions=SessionsSimulator(),
        settings=DeskSettings(state_wait_s=0.0, send_s=3600.0, grace_s=GRACE, retry_s=3.0),
        clock=world.clock,
    )
    return Life(folder, journal, desk, asyncio.create_task(desk.run(asyncio.Event())))


async def crash(life: Life, into: Path) -> None:
    """Leave the files as they are, for the next life."""
    copy_journal(life.folder, into)
    life.running.cancel()
    await asyncio.wait({life.running})
    await life.journal.close()


def copy_journal(folder: Path, into: Path) -> None:
    into.mkdir()
    for name in ("journal.db", "journal.db-wal"):
        if (folder / name).exists():
            shutil.copy(folder / name, into / name)


async def settle(life: Life) -> None:
    """Until nothing moves but by the clock."""
    for _ in range(12):
        await life.journal.unfinished()
        for _ in range(6):
            await asyncio.sleep(0)


@dataclass(frozen=True)
class Asked:
    """An order, the effect it is to have, and when it may have it."""

    name: str
    address: str
    payload: str
    earliest: float
    latest: float
    later: bool


class Crashes(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.loop = asyncio.new_event_loop()
        self.world = World()
        self.lives = 0
        self.meanings: dict[str, Meaning] = {}
        self.accepted: dict[str, Order] = {}
        self.asked: list[Asked] = []
        self.life = self.run(begin(self.root / "0", self.world, self.meanings))
        self.run(settle(self.life))

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return self.loop.run_until_complete(work)

    def order(self, text: str, meaning: Meaning, sender: str = "anna") -> None:
        now = self.world.clock.now().wall
        order = Order(text, sender, text, None, ReplyTo("console", ""), now, now + TTL)
        self.meanings[text] = meaning
        self.run(self.take(order))

    async def take(self, order: Order) -> None:
        try:
            await self.life.desk.take(order)
        except BusyError:
            return
        self.accepted[order.id] = order
        await settle(self.life)

    @rule(address=st.sampled_from(DEVICES), after=st.sampled_from([0.0, 0.0, 0.0, 20.0, 300.0]))
    def command(self, address: str, after: float) -> None:
        number = len(self.meanings) + 1
        device, capability = address.split("/")
        value = None if device == "bell" else (number * 5 % 105 if device == "lamp" else number % 101)
        name = f"{number}"
        earliest = self.world.passed + after
        latest = earliest + (GRACE if after else TTL)
        self.asked.append(Asked(name, address, repr(value), earliest, latest, after > 0))
        self.order(name, Do((Action(device, capability, value),), after))

    @rule()
    def cancel(self) -> None:
        self.order(f"cancel {len(self.meanings)}", CancelPlanned())

    @precondition(lambda self: self.accepted)
    @rule(data=st.data())
    def once_more(self, data: st.DataObject) -> None:
        order = self.accepted[data.draw(st.sampled_from(sorted(self.accepted)))]
        now = self.world.clock.now().wall
        self.run(self.take(replace(order, received_at=now, expires_at=now + TTL)))

    @rule(seconds=st.sampled_from([0.2, 1.0, 10.0, 31.0, 120.0]))
    def time_passes(self, seconds: float) -> None:
        for _ in range(4):
            self.world.passed += seconds / 4
            self.world.clock.pass_by(seconds / 4)
            self.run(settle(self.life))

    @rule(by=st.sampled_from([-86400.0, -5.0, 5.0, 86400.0]))
    def the_time_of_day_is_set(self, by: float) -> None:
        self.world.trusted = False
        self.world.clock.set(self.world.clock.now().wall + by)
        self.run(settle(self.life))

    @rule(how=st.sampled_from(["away", "stuck_before", "stuck_after", "none"]))
    def the_channel(self, how: str) -> None:
        for each in ("away", "stuck_before", "stuck_after"):
            setattr(self.world, each, each == how)
        self.run(self.shake())

    async def shake(self) -> None:
        self.world.moved.set()
        self.world.moved = asyncio.Event()
        await settle(self.life)

    @rule(reboot=st.booleans())
    def it_goes_down(self, reboot: bool) -> None:  # noqa: FBT001  drawn by name
        self.lives += 1
        folder = self.root / str(self.lives)
        self.run(crash(self.life, folder))
        if reboot:
            self.world.passed += 7.0
            self.world.clock.reboot(str(self.lives), 7.0)
        self.life = self.run(begin(folder, self.world, self.meanings))
        self.run(settle(self.life))

    def teardown(self) -> None:
        try:
            self.the_channel("none")
            for _ in range(3):
                self.time_passes(400.0)
            self.check()
        finally:
            self.run(crash(self.life, self.root / "last"))
            self.loop.close()
            shutil.rmtree(self.root)

    def check(self) -> None:
        for name in self.accepted:
            assert self.told_of(name), f"order {name} was never answered"
        asked = [each for each in self.asked if each.name in self.accepted]
        for each in asked:
            if each.address != "bell/activate":
                self.check_value(each)
        for address in DEVICES[:2]:
            self.check_order(address, [each for each in asked if not each.later])
        rung = [begun for address, _, begun in self.world.effects if address == "bell/activate"]
        statuses = [self.told_of(each.name)[-1].status for each in asked if each.address == "bell/activate"]
        assert sum(each in MOVED for each in statuses) <= len(rung), (
            "a press that was reported did not happen"
        )
        assert len(rung) <= sum(each not in UNMOVED for each in statuses), "a press happened twice"

    def check_value(self, asked: Asked) -> None:
        if sum(each.payload == asked.payload and each.address == asked.address for each in self.asked) > 1:
            return  # values repeat in the end: who did it cannot be told
        begun = [at for *what, at in self.world.effects if what == [asked.address, asked.payload]]
        status = self.told_of(asked.name)[-1].status
        assert not begun or status not in UNMOVED, f"{asked} moved, and was {status}"
        assert begun or status not in MOVED, f"{asked} was {status}, and did not move"
        if self.world.trusted:
            assert all(asked.earliest - 1e-6 <= at <= asked.latest + 1e-6 for at in begun), (
                f"{asked}: {begun}"
            )

    def check_order(self, address: str, asked: list[Asked]) -> None:
        """One conversation's commands come to a device in the order they were given, also where one is repeated."""
        place = {each.payload: int(each.name) for each in asked if each.address == address}
        planned = {each.payload for each in self.asked if each.later and each.address == address}
        came = [
            place[payload]
            for where, payload, _ in self.world.effects
            if where == address and payload in place and payload not in planned
        ]
        assert came == sorted(came), f"{address} heard {came}"

    def told_of(self, name: str) -> list[Result]:
        """All that was said of an order: one result, however often; two of what was planned."""
        told = list(dict.fromkeys((each.status, each.text) for each in self.world.told[name]))
        first = [each for each in told if each[0] is Status.PLANNED]
        assert len(told) - len(first) <= 1, f"order {name} was told differently: {told}"
        return self.world.told[name]


Crashes.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
test_whatever_happens_an_order_is_answered_and_done_once = Crashes.TestCase


def test_the_clock_of_this_machine_knows_its_boot() -> None:
    first, second = SystemClock().now(), SystemClock().now()
    assert first.boot == second.boot
    assert second.since(first) >= 0

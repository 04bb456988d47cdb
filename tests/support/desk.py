"""A house of a few devices, a channel, an outbox and a way to understand: what a desk needs around it."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from runtime.commands.clock import Clock
from runtime.commands.desk import Desk, DeskSettings
from runtime.commands.desk.border import Interpreter
from runtime.commands.journal.journal import Journal, Keeping
from runtime.commands.meaning import Action, Cannot, Do, Interpretation, Meaning, Reason, Route, Which
from runtime.commands.order import Order, Outbox, ReplyTo, Result
from runtime.commands.policy.policy import Policy
from runtime.commands.registry.binding import Outgoing
from runtime.commands.registry.devices import (
    Capability,
    Device,
    Kind,
    Name,
    Options,
    Press,
    Range,
    Switch,
    Text,
    Value,
)
from runtime.commands.registry.house import House, State
from runtime.commands.sentence import NOTHING_SAID, Memory, Sentence
from runtime.errors import DeviceError
from tests.support.clocks import SimulatedClock

LAMP = Device(
    "lamp",
    (Name("desk lamp", "en"), Name("檯燈", "zh-TW")),
    Kind.LIGHT,
    (Capability("power", Switch()), Capability("brightness", Range(0, 100, 5, "%"))),
    area="study",
)
BLIND = Device(
    "blind",
    (Name("blind"),),
    Kind.COVER,
    (Capability("position", Range(0, 100, 1, "%"), readable=False),),
    area="study",
)
DOOR = Device(
    "door",
    (Name("front door"),),
    Kind.LOCK,
    (Capability("state", Options(("locked", "unlocked")), readable=False, dangerous=("unlocked",)),),
    area="hall",
)
BELL = Device("bell", (Name("bell"),), Kind.BUTTON, (Capability("activate", Press(), readable=False),))
METER = Device(
    "meter",
    (Name("meter"),),
    Kind.SENSOR,
    (Capability("value", Text(), settable=False), Capability("note", Text())),
)
DEVICES = {device.id: device for device in (LAMP, BLIND, DOOR, BELL, METER)}


class RegistrySimulator:
    """Implements `Devices`: messages are `device/capability` and the value as Python writes it."""

    def __init__(self, house: House | None = None) -> None:
        self.house = house or House(devices=dict(DEVICES))
        self._watching: list[Callable[[str, str, Value], None]] = []

    def outgoing(self, action: Action) -> tuple[Outgoing, ...]:
        if action.device not in self.house.devices:
            raise DeviceError(f"there is no {action.device} here any more")
        return (Outgoing("mqtt", f"{action.device}/{action.capability}", repr(action.value).encode()),)

    def watch(self, heard: Callable[[str, str, Value], None]) -> Callable[[], None]:
        self._watching.append(heard)
        return lambda: self._watching.remove(heard)

    def say(self, device: str, capability: str, value: Value) -> None:
        """The device tells its state."""
        states = dict(self.house.states) | {(device, capability): State(value, 0.0)}
        self.house = replace(self.house, states=states)
        for heard in self._watching:
            heard(device, capability, value)

    def remove(self, device: str) -> None:
        """Somebody takes it out of the house."""
        left = {name: each for name, each in self.house.devices.items() if name != device}
        self.house = replace(self.house, devices=left)


@dataclass
class ChannelSimulator:
    """Implements `Channel`: keeps what it carried; can be away, slow, or asked to say what a device would."""

    sent: list[Outgoing] = field(default_factory=list)
    away: set[str] = field(default_factory=set)
    """Addresses that cannot be delivered to."""
    gate: asyncio.Event | None = None
    """What is sent waits for this."""
    after: Callable[[Outgoing], None] | None = None

    async def send(self, outgoing: Outgoing) -> None:
        if self.gate is not None:
            await self.gate.wait()
        if outgoing.address in self.away:
            raise DeviceError(f"{outgoing.address} cannot be reached; look at its plug")
        self.sent.append(outgoing)
        if self.after is not None:
            self.after(outgoing)

    @property
    def carried(self) -> list[str]:
        return [f"{each.address}={each.payload.decode()}" for each in self.sent]


class OutboxSimulator:
    """Implements `Outbox`: keeps results, and lets a test wait for them."""

    def __init__(self) -> None:
        self.told: list[tuple[ReplyTo, Result]] = []
        self.failures: list[Exception] = []
        """Raised before anything is delivered, one a time."""
        self._more = asyncio.Condition()

    async def deliver(self, reply: ReplyTo, result: Result) -> None:
        if self.failures:
            raise self.failures.pop(0)
        async with self._more:
            self.told.append((reply, result))
            self._more.notify_all()

    async def results(self, order: str, count: int = 1) -> list[Result]:
        """The results of an order, once there are so many."""
        async with asyncio.timeout(10), self._more:
            await self._more.wait_for(lambda: len(self._of(order)) >= count)
            return self._of(order)

    def _of(self, order: str) -> list[Result]:
        return [result for _, result in self.told if result.order == order]


class InterpreterSimulator:
    """Implements `Interpreter`: sentences are in a table, and some take a while."""

    def __init__(self, meanings: dict[str, Meaning] | None = None) -> None:
        self.meanings = meanings or {}
        self.slow: dict[str, asyncio.Event] = {}
        self.heard: list[str] = []

    async def interpret(
        self,
        sentence: Sentence,
        house: House,  # noqa: ARG002  what is meant does not hang on it here
        memory: Memory,
        *,
        answer: bool = False,  # noqa: ARG002  no model here
    ) -> tuple[Interpretation, Memory]:
        self.heard.append(sentence.text)
        if sentence.text in self.slow:
            await self.slow[sentence.text].wait()
        if sentence.text == "yes" and isinstance(memory.asked, Which):
            return Interpretation(memory.asked.options[0].meaning, Route.SESSION, 1.0), NOTHING_SAID
        meaning = self.meanings.get(sentence.text, Cannot(Reason.NOT_UNDERSTOOD, "I don't understand."))
        asked = meaning if isinstance(meaning, Which) else None
        return Interpretation(meaning, Route.RULES, 1.0, language=sentence.language), Memory(asked=asked)


class SessionsSimulator:
    """Implements `Memories`, without forgetting."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Memory] = {}

    def recall(self, sender: str, session: str, now: float) -> Memory:  # noqa: ARG002  it forgets nothing
        return self._kept.get((sender, session), NOTHING_SAID)

    def remember(self, sender: str, session: str, memory: Memory, now: float) -> None:  # noqa: ARG002  it forgets nothing
        self._kept[sender, session] = memory


LAMP_ON = Do((Action("lamp", "power", value=True),))
LAMP_OFF = Do((Action("lamp", "power", value=False),))
BLIND_40 = Do((Action("blind", "position", 40),))
UNLOCK = Do((Action("door", "state", "unlocked"),))
RING = Do((Action("bell", "activate", None),))
SENTENCES: dict[str, Meaning] = {
    "lamp on": LAMP_ON,
    "lamp off": LAMP_OFF,
    "blind 40": BLIND_40,
    "unlock": UNLOCK,
    "ring": RING,
    "blind later": replace(BLIND_40, after_s=600.0),
}


@dataclass
class Around:
    """A desk, and what is around it."""

    desk: Desk
    journal: Journal
    registry: RegistrySimulator
    channel: ChannelSimulator
    outbox: OutboxSimulator
    interpreter: InterpreterSimulator
    clock: Clock
    heard: list[Result]
    """What the desk said came of each order, whoever asked."""
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def order(self, text: str | None = None, **fields: Any) -> Order:
        """An order of the next id, that waits half a minute."""
        now = self.clock.now().wall
        order = Order(
            f"o{next(self.numbers)}", "anna", text, None, ReplyTo("console", "anna"), now, now + 30.0
        )
        return replace(order, **fields)

    async def ask(self, text: str | None = None, **fields: Any) -> Result:
        """Give an order and wait for its result."""
        order = self.order(text, **fields)
        await self.desk.take(order)
        return (await self.outbox.results(order.id))[-1]


@asynccontextmanager
async def desk_in(
    folder: Path,
    *,
    clock: Clock | None = None,
    policy: Policy | None = None,
    settings: DeskSettings | None = None,
    registry: RegistrySimulator | None = None,
    channel: ChannelSimulator | None = None,
    outbox: OutboxSimulator | None = None,
    interpreter: InterpreterSimulator | None = None,
    understanding: Interpreter | None = None,
    more: Mapping[str, Outbox] | None = None,
    keeps: type[Journal] = Journal,
) -> AsyncGenerator[Around, None]:
    """A desk that works, with its journal in a folder; stopped in good order at the end.

    `understanding` is asked instead of the simulator, where a test wants the real one; `more` are other outboxes;
    `keeps` is what keeps the orders.
    """
    clock = clock or SimulatedClock()
    journal = await keeps.open(folder / "journal.db", Keeping())
    registry, channel, outbox = (
        registry or RegistrySimulator(),
        channel or ChannelSimulator(),
        outbox or OutboxSimulator(),
    )
    interpreter = interpreter or InterpreterSimulator(dict(SENTENCES))
    heard: list[Result] = []
    desk = Desk(
        registry,
        understanding or interpreter,
        policy or Policy(),
        journal,
        {"mqtt": channel},
        {"console": outbox, **(more or {})},
        sessions=SessionsSimulator(),
        settings=settings or DeskSettings(state_wait_s=0.05, drain_s=1.0),
        clock=clock,
        told=heard.append,
    )
    stop = asyncio.Event()
    running = asyncio.create_task(desk.run(stop))
    try:
        yield Around(desk, journal, registry, channel, outbox, interpreter, clock, heard)
    finally:
        stop.set()
        await running
        await journal.close()

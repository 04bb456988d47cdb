"""A desk in a process of its own, to be killed in the middle of it: what it did and said is in synced files."""

import asyncio
import itertools
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path

from runtime.commands.clock import SystemClock
from runtime.commands.desk import Desk, DeskSettings
from runtime.commands.journal.journal import Journal
from runtime.commands.meaning import Action
from runtime.commands.order import Order, ReplyTo, Result
from runtime.commands.policy.policy import Policy
from runtime.commands.policy.settings import PolicySettings, Rates
from runtime.commands.registry.binding import Outgoing
from runtime.commands.registry.devices import Capability, Device, Kind, Name, Press, Range
from runtime.commands.registry.house import House
from tests.support.desk import InterpreterSimulator, RegistrySimulator, SessionsSimulator

LAMPS = 4
MOST = 100_000


def bells() -> Iterator[int]:
    """Every third order rings a bell of its own."""
    return itertools.count(0, 3)


def action(number: int) -> Action:
    """What the order of that number wants: a bell rung, or a lamp at a level that nobody else wants."""
    if number % 3 == 0:
        return Action(f"bell-{number}", "activate", None)
    return Action(f"lamp-{number % LAMPS}", "brightness", number)


class Lines:
    """A file that has every line once `write` returns."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, line: str) -> None:
        os.write(self._handle, f"{line}\n".encode())
        os.fsync(self._handle)


def read(path: Path) -> list[str]:
    """Whole lines."""
    return path.read_text().splitlines() if path.exists() else []


@dataclass
class Channel:
    """Implements `Channel`: before, between and after there is time to be killed in."""

    effects: Lines
    random: random.Random

    async def send(self, outgoing: Outgoing) -> None:
        await asyncio.sleep(self.random.uniform(0, 0.002))
        self.effects.write(f"{outgoing.address} {outgoing.payload.decode()}")
        await asyncio.sleep(self.random.uniform(0, 0.002))


@dataclass
class Outbox:
    """Implements `Outbox`."""

    told: Lines

    async def deliver(self, reply: ReplyTo, result: Result) -> None:  # noqa: ARG002  the only one who asks
        await asyncio.sleep(0)
        self.told.write(f"{result.order} {result.status}")


def house(orders: int) -> House:
    lamp = Capability("brightness", Range(0, MOST, 1), readable=False)
    bell = Capability("activate", Press(), readable=False)
    devices = [Device(f"lamp-{n}", (Name("lamp"),), Kind.LIGHT, (lamp,)) for n in range(LAMPS)]
    devices += [
        Device(f"bell-{n}", (Name("bell"),), Kind.BUTTON, (bell,))
        for n in itertools.takewhile(lambda n: n < orders, bells())
    ]
    return House(devices={each.id: each for each in devices})


def serve(folder: Path, journal: Path, orders: int, seed: float, pipe: Connection) -> None:
    """Take all orders that were not acknowledged, and some that were, until killed or done."""
    asyncio.run(_serve(folder, journal, orders, random.Random(seed), pipe))


async def _serve(folder: Path, at: Path, orders: int, dice: random.Random, pipe: Connection) -> None:
    acknowledged = {int(line) for line in read(folder / "acknowledged")}
    acks, clock = Lines(folder / "acknowledged"), SystemClock()
    journal = await Journal.open(at)
    desk = Desk(
        RegistrySimulator(house(orders)),
        InterpreterSimulator(),
        Policy(PolicySettings(rates=Rates(0, 0))),
        journal,
        {"mqtt": Channel(Lines(folder / "effects"), dice)},
        {"console": Outbox(Lines(folder / "told"))},
        sessions=SessionsSimulator(),
        settings=DeskSettings(state_wait_s=0.0),
        clock=clock,
    )
    stop = asyncio.Event()
    running = asyncio.create_task(desk.run(stop))
    pipe.send("begun")

    async def give(number: int) -> None:
        now = clock.now().wall
        order = Order(str(number), "anna", None, action(number), ReplyTo("console", ""), now, now + 300.0)
        await desk.take(order)
        acks.write(str(number))
        if dice.random() < 0.1:
            await desk.take(replace(order, received_at=now + 1))

    repeated = dice.sample(sorted(acknowledged), min(3, len(acknowledged)))
    for number in (*repeated, *(n for n in range(orders) if n not in acknowledged)):
        while desk.open > 16:  # noqa: ASYNC110  it tells nobody
            await asyncio.sleep(0.001)
        await give(number)
    while desk.open:  # noqa: ASYNC110  it tells nobody
        await asyncio.sleep(0.001)
    stop.set()
    await running
    await journal.close()
    pipe.send("done")

"""What stands around a Wyoming server: parts of an appliance that play a script, and the reference library's client."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeVar

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.event import Event, Eventable

from runtime.commands.order import Status
from runtime.voice.border import Said, Samples, Woken
from runtime.voice.pcm import Encoding
from runtime.voice.wyoming.border import Appliance, WakeService
from runtime.voice.wyoming.connection import ConnectionLimits
from runtime.voice.wyoming.server import ServerLimits, serving
from tests.support.sounds import written
from tests.support.voices import VoicesSimulator

E = TypeVar("E", bound=Eventable)

LIMITS = ServerLimits(connection=ConnectionLimits(linger_s=0.5))


class AnswererSimulator:
    """Implements `Answerer`: says what it was given, once for each utterance."""

    def __init__(self, *clauses: Said) -> None:
        self.clauses = clauses
        self.asked: list[tuple[tuple[str, ...], str | None, str]] = []
        self.gate = asyncio.Event()
        """Nothing is answered while it is cleared."""
        self.gate.set()

    async def answer(
        self, texts: Sequence[str], *, language: str | None, session: str
    ) -> AsyncGenerator[Said, None]:
        self.asked.append((tuple(texts), language, session))
        await self.gate.wait()
        for clause in self.clauses or (Said(f"Done: {texts[0]}", "en", status=Status.DONE),):
            yield clause


class ActivitySimulator:
    """Implements `VoiceActivity`: whatever is loud is speech."""

    def feed(self, given: Samples) -> float:
        return float(abs(given).max() > 0.1)

    def reset(self) -> None:
        """It remembers nothing."""


class WakeSimulator:
    """Implements `WakeWord`: the first loud frame after a quiet one ends the first word."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self._loud = False

    def feed(self, given: Samples) -> Woken | None:
        before, self._loud = self._loud, bool(abs(given).max() > 0.1)
        return Woken(self.names[0], 0.9) if self._loud and not before else None

    def reset(self) -> None:
        self._loud = False


WORDS = WakeService((("okay_nabu", "okay nabu", ("en",)), ("alexa", "alexa", ("en",))), WakeSimulator)


def appliance(**parts: object) -> Appliance:
    """One that has everything; `parts` replace it."""
    every: dict[str, object] = {
        "voices": VoicesSimulator(),
        "answerer": AnswererSimulator(),
        "wake": WORDS,
        "activity": ActivitySimulator,
        "version": "1.2.3",
    }
    return Appliance(**{**every, **parts})  # type: ignore[arg-type]  # tests name what they replace


@dataclass
class Peer:
    """Somebody on a connection, as the reference library has it."""

    port: int
    client: AsyncTcpClient = field(init=False)

    async def __aenter__(self) -> Self:
        self.client = AsyncTcpClient("127.0.0.1", self.port, read_timeout=20)
        await self.client.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.disconnect()

    async def send(self, *events: Eventable) -> None:
        for event in events:
            await self.client.write_event(event.event())

    async def say(
        self, samples: Samples, *, rate: int = 16_000, width: int = 2, channels: int = 1, piece: int = 1024
    ) -> None:
        """A recording."""
        encoding = {1: Encoding.U8, 2: Encoding.S16, 3: Encoding.S24, 4: Encoding.S32}[width]
        data = written(samples, encoding, channels)
        size = piece * width * channels
        await self.send(AudioStart(rate, width, channels))
        for at in range(0, len(data), size):
            await self.send(AudioChunk(rate, width, channels, data[at : at + size]))
        await self.send(AudioStop())

    async def event(self) -> Event | None:
        """The next; None: they hung up."""
        return await self.client.read_event()

    async def until(self, kind: type[E]) -> tuple[E, list[str]]:
        """The next of its kind, and the kinds of those before."""
        before: list[str] = []
        while (event := await self.event()) is not None:
            if kind.is_type(event.type):
                found = kind.from_event(event)
                assert isinstance(found, kind)
                return found, before
            before.append(event.type)
        raise AssertionError(f"hung up after {before}, without {kind.__name__}")

    async def rest(self) -> list[Event]:
        """What comes until they hang up."""
        found = []
        while (event := await self.event()) is not None:
            found.append(event)
        return found


@asynccontextmanager
async def peers(
    has: Appliance | None = None, count: int = 1, limits: ServerLimits = LIMITS
) -> AsyncGenerator[list[Peer], None]:
    """A server, and so many on connections of their own."""
    async with serving(has or appliance(), "127.0.0.1", 0, limits) as port:
        every = [Peer(port) for _ in range(count)]
        try:
            for each in every:
                await each.__aenter__()
            yield every
        finally:
            for each in every:
                await each.client.disconnect()


@asynccontextmanager
async def peer(has: Appliance | None = None, limits: ServerLimits = LIMITS) -> AsyncGenerator[Peer, None]:
    """A server, and somebody on a connection."""
    async with peers(has, 1, limits) as (one,):
        yield one


def types(events: Iterable[Event]) -> list[str]:
    return [event.type for event in events]

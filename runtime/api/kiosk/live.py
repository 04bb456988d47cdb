"""The house and the status at once, and then what changes, as server-sent events, for as many as look on.

Knows no HTTP; `stream.py` has the path. Nothing is queued for anybody. Each stream knows which house it was told last;
when its reader has taken that, it gets the way from there to the newest one. So a slow reader misses old states only,
and holds up nobody. What is the same for many is encoded once. The object of each event has a `type`: house, states,
away, status or history.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from typing import Any, Final

from runtime.api.kiosk.around import Around
from runtime.api.kiosk.changes import changes
from runtime.api.kiosk.status import SAMPLE_S, Meter
from runtime.api.serving import Draining, Serving
from runtime.commands.registry.house import House
from runtime.errors import BusyError

_LOOK_S: Final = 0.2
"""How often the house is looked at while somebody listens."""


@dataclass(slots=True)
class Told:
    """What one stream has sent."""

    house: House | None = None
    sample: int = 0
    """The number of the sample."""


class Live:
    """The newest of everything, and who waits for it. On the event loop; `run` looks and measures."""

    def __init__(self, serving: Serving, around: Around, meter: Meter, most: int) -> None:
        """`most` streams at a time."""
        self._serving = serving
        self._around = around
        self._meter = meter
        self._most = most
        self._listening = 0
        self._house = around.house()
        self._sample = 0
        self._status = b""
        self._newer = asyncio.Event()
        self._encoded: tuple[House | None, House, bytes] | None = None

    @property
    def over(self) -> bool:
        """Whether the appliance stops: a drain need not wait for those who only look on."""
        return isinstance(self._serving.state, Draining)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """A place for one stream.

        Raises:
            BusyError: all are taken.
        """
        if self._listening >= self._most:
            raise BusyError(f"{self._most} pages look on already; close one, or raise limits.live_streams")
        self._listening += 1
        try:
            yield
        finally:
            self._listening -= 1

    async def run(self) -> None:
        """Look and measure, until cancelled."""
        now = asyncio.get_running_loop().time
        due, phase = now(), self._meter.phase
        while True:
            if now() >= due or phase != self._meter.phase:
                due, phase = now() + SAMPLE_S, self._meter.phase
                self._status = _event(self._meter.sample())
                self._sample += 1
                self._wake()
            elif self._listening and self._around.house() is not self._house:
                self._wake()
            await asyncio.sleep(_LOOK_S)

    def _wake(self) -> None:
        self._house = self._around.house()
        self._newer.set()
        self._newer = asyncio.Event()

    async def stream(self, sender: str | None) -> AsyncGenerator[bytes, None]:
        """What a sender may see, then what is newer each time it is asked for more; ends when the appliance stops.

        `sender`: None: who may see how the appliance is, and nothing of the house.
        """
        told = Told()
        yield _event(self._meter.history)
        while not self.over:
            newer = self._newer
            for news in self._news(told, None if sender is None else self._around.seen(sender)):
                yield news
            await newer.wait()

    def _news(self, told: Told, house: House | None) -> Iterator[bytes]:
        if house is not None and told.house is not house:
            yield self._way(told.house, house)
            told.house = house
        if told.sample != self._sample:
            told.sample = self._sample
            yield self._status

    def _way(self, before: House | None, now: House) -> bytes:
        """From one house to another, as events; kept for the next who is where this one was."""
        if self._encoded is None or self._encoded[0] is not before or self._encoded[1] is not now:
            self._encoded = before, now, b"".join(map(_event, changes(before, now)))
        return self._encoded[2]


def _event(said: dict[str, Any]) -> bytes:
    """One event. JSON in ASCII has no line break in it that could end the event early."""
    return f"data: {json.dumps(said, separators=(',', ':'))}\n\n".encode()

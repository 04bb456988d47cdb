"""A clock that goes when a test says so, can be set, and knows of boots."""

import asyncio
import heapq
import itertools

from runtime.commands.clock import Moment


class SimulatedClock:
    """Implements `Clock`."""

    def __init__(self, wall: float = 1_790_000_000.0, boot: str = "first") -> None:
        self._wall = wall
        self._ticks = 1000.0
        self._boot = boot
        self._sleeping: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> Moment:
        return Moment(self._wall, self._ticks, self._boot)

    async def sleep(self, seconds: float) -> None:
        awake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleeping, (self._ticks + seconds, next(self._order), awake))
        await awake

    def set(self, wall: float) -> None:
        """The time of day is set: nothing else notices."""
        self._wall = wall

    def pass_by(self, seconds: float) -> None:
        """Time passes, and who slept wakes up when the loop next runs."""
        self._wall += seconds
        self._ticks += seconds
        while self._sleeping and self._sleeping[0][0] <= self._ticks:
            _, _, awake = heapq.heappop(self._sleeping)
            if not awake.done():
                awake.set_result(None)

    def reboot(self, boot: str, off_s: float = 60.0) -> None:
        """The machine was off for a while; the time of day went on."""
        self._boot = boot
        self._ticks = 5.0
        self._wall += off_s
        self._sleeping.clear()

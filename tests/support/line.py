"""A line between two ends of a link, in simulated time: with delay, and with whatever is wrong with it."""

import heapq
import itertools
from collections.abc import Callable
from typing import Protocol

from firmware_bridge.link.events import Event, Step
from tests.support.noise import Spoil, clean


class End(Protocol):
    def step(self, now: float, data: bytes = b"") -> Step: ...


class Line:
    """Two ends, the first of them the host's. `heard` gets each event of an end as it comes."""

    def __init__(
        self,
        host: End,
        board: End,
        heard: Callable[[End, Event], None],
        *,
        spoil: Spoil = clean,
        delay_s: float = 0.002,
        baud: int | None = None,
    ) -> None:
        self.ends = [host, board]
        self.now = 0.0
        self.spoil = spoil
        self._heard = heard
        self._delay_s = delay_s
        self._byte_s = 10 / baud if baud else 0.0
        self._free_at = [0.0, 0.0]
        self.carried = [0, 0]
        """Bytes that went to each end."""
        self._due: list[float | None] = [0.0, 0.0]
        self._flying: list[tuple[float, int, int, bytes]] = []
        self._order = itertools.count()

    def run(self, until: Callable[[], bool], limit_s: float) -> bool:
        """Let time pass until something holds; False if it does not within the limit."""
        limit = self.now + limit_s
        while not until():
            times = [each for each in self._due if each is not None]
            times += [self._flying[0][0]] if self._flying else []
            next_at = max(self.now, min(times, default=limit))
            if next_at >= limit:
                self.now = limit
                return until()
            self.now = next_at
            self._step_all()
        return True

    def wake(self) -> None:
        """Something was given to an end to send."""
        self._due = [self.now, self.now]

    def inject(self, to: int, data: bytes) -> None:
        """Garbage, or something old, appears on the line to an end."""
        self._fly(to, data)

    def _step_all(self) -> None:
        came = [b"", b""]
        while self._flying and self._flying[0][0] <= self.now:
            _, _, to, data = heapq.heappop(self._flying)
            came[to] += data
        for side, end in enumerate(self.ends):
            due = self._due[side]
            if not came[side] and (due is None or due > self.now):
                continue
            step = end.step(self.now, came[side])
            self._due[side] = step.due
            if step.output:
                self._fly(1 - side, self.spoil(step.output))
            for event in step.events:
                self._heard(end, event)

    def _fly(self, to: int, data: bytes) -> None:
        self.carried[to] += len(data)
        if not self._byte_s:
            heapq.heappush(self._flying, (self.now + self._delay_s, next(self._order), to, data))
            return
        for byte in data:  # one after the other, as a line has them
            self._free_at[to] = max(self._free_at[to], self.now) + self._byte_s
            arrives = self._free_at[to] + self._delay_s
            heapq.heappush(self._flying, (arrives, next(self._order), to, bytes((byte,))))

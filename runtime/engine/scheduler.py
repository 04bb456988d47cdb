"""Who computes next: a bounded queue by priority, and jobs begun that share the processor. No threads, no clock.

Classes share by weight, so that commands go before chat and neither can starve the other: start-time fair queueing
(P. Goyal, H. Vin, H. Cheng, SIGCOMM 1996) over measured seconds, where a class that was idle may first use a second of
what it left to the others. Jobs of a class share equally, whether they read a long prompt or decode; those that decode
do it together.
"""

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from runtime.engine.request import Priority

Job = TypeVar("Job")

_WEIGHTS: Final = {Priority.COMMAND: 64, Priority.CHAT: 8, Priority.BACKGROUND: 1}
"""Shares of the processor, where all classes want it."""
_BURST_S: Final = 1.0
"""How long a class goes first that wanted nothing for a while: more than a command takes, far less than an answer."""


@dataclass(eq=False, slots=True)
class _Begun(Generic[Job]):
    priority: Priority
    order: int
    job: Job
    used: float
    """Seconds, counted from where its class was when it began."""


class Scheduler(Generic[Job]):
    """Waiting and begun jobs. Not thread-safe: its owner holds a lock."""

    def __init__(self, *, slots: int, depth: int) -> None:
        self._slots = slots
        self._depth = depth
        self._waiting: list[tuple[Priority, int, Job]] = []
        self._begun: list[_Begun[Job]] = []
        self._used = dict.fromkeys(Priority, 0.0)
        self._count = 0

    @property
    def waiting(self) -> int:
        """Jobs that have not begun."""
        return len(self._waiting)

    @property
    def begun(self) -> list[Job]:
        """Jobs that hold a slot."""
        return [entry.job for entry in self._begun]

    def submit(self, job: Job, priority: Priority) -> bool:
        """Queue a job; False when the queue is full."""
        if len(self._waiting) >= self._depth:
            return False
        self._count += 1
        heapq.heappush(self._waiting, (priority, self._count, job))
        return True

    def begin(self, fits: Callable[[Job], bool]) -> Job | None:
        """Let the most urgent waiting job begin, if there is a slot for it and it fits beside those begun.

        There is one slot more than `slots`, for commands. Nobody overtakes one that does not fit yet.
        """
        if not self._waiting:
            return None
        priority, order, job = self._waiting[0]
        others = sum(entry.priority is not Priority.COMMAND for entry in self._begun)
        room = len(self._begun) <= self._slots and (priority is Priority.COMMAND or others < self._slots)
        if not room or not fits(job):
            return None
        heapq.heappop(self._waiting)
        same = [entry.used for entry in self._begun if entry.priority is priority]
        if not same:
            self._wake(priority)
        self._begun.append(_Begun(priority, order, job, min(same, default=0.0)))
        return job

    def turn(self, steps: Callable[[Job], bool]) -> list[Job]:
        """Who runs now: one job, or where that would take a step of decoding all who would and are no less urgent."""
        if not self._begun:
            return []
        priority = min((entry.priority for entry in self._begun), key=lambda each: (self._used[each], each))
        first = min(
            (entry for entry in self._begun if entry.priority is priority),
            key=lambda entry: (entry.used, entry.order),
        )
        if not steps(first.job):
            return [first.job]
        riders = (entry.job for entry in self._begun if entry.priority <= priority and steps(entry.job))
        return [first.job, *(job for job in riders if job is not first.job)]

    def used(self, jobs: Iterable[Job], seconds: float) -> None:
        """Know that the jobs of the last `turn` ran together for so long."""
        ran = list(jobs)
        entries = [entry for entry in self._begun if any(entry.job is job for job in ran)]
        for entry in entries:
            entry.used += seconds
        if entries:
            priority = max(entry.priority for entry in entries)
            self._used[priority] += seconds / _WEIGHTS[priority]

    def finish(self, job: Job) -> None:
        """Forget a job that has begun."""
        self._begun = [entry for entry in self._begun if entry.job is not job]

    def drop(self, job: Job) -> bool:
        """Forget a job that has not begun; False when it has."""
        kept = [entry for entry in self._waiting if entry[2] is not job]
        found = len(kept) < len(self._waiting)
        heapq.heapify(kept)
        self._waiting = kept
        return found

    def drain(self) -> list[Job]:
        """Take every job out, waiting or begun."""
        jobs = [entry[2] for entry in sorted(self._waiting)] + self.begun
        self._waiting, self._begun = [], []
        return jobs

    def _wake(self, priority: Priority) -> None:
        """A class that was idle comes back: with a burst at most of what it left to the others."""
        now = min((self._used[entry.priority] for entry in self._begun), default=self._used[priority])
        self._used[priority] = max(self._used[priority], now - _BURST_S / _WEIGHTS[priority])

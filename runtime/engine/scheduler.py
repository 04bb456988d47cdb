"""Who computes next: a bounded queue by priority, and jobs begun that share the processor. No threads, no clock.

Classes share by weight, so that commands go before chat and neither can starve the other: start-time fair queueing
(P. Goyal, H. Vin, H. Cheng, SIGCOMM 1996) over measured seconds, where a class that was idle may first use a second of
what it left to the others. Jobs of a class share equally, whether they read a long prompt or decode; those that decode
do it together.
"""

from collections import Counter
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
class _Entry(Generic[Job]):
    priority: Priority
    order: int
    client: str
    job: Job
    used: float = 0.0
    """Seconds, counted from where its class was when it began."""


class Scheduler(Generic[Job]):
    """Waiting and begun jobs, each of a client. Not thread-safe: its owner holds a lock."""

    def __init__(self, *, slots: int, depth: int) -> None:
        self._slots = slots
        self._depth = depth
        self._waiting: list[_Entry[Job]] = []
        self._begun: list[_Entry[Job]] = []
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

    def submit(self, job: Job, priority: Priority, client: str = "") -> bool:
        """Queue a job; False when the queue is full, or as full of this client's as it may be.

        A client may have as many waiting as places are left, so that there is a place for the next (A. Choudhury, E.
        Hahne, "Dynamic queue length thresholds", 1998). "" is no client in particular, and has no bound of its own.
        """
        left = self._depth - len(self._waiting)
        own = sum(entry.client == client for entry in self._waiting) if client else 0
        if left < 1 or own >= left:
            return False
        self._count += 1
        self._waiting.append(_Entry(priority, self._count, client, job))
        return True

    def begin(self, fits: Callable[[Job], bool]) -> Job | None:
        """Let the most urgent waiting job begin, if there is a slot for it and it fits beside those begun.

        Among equals, one of the client that has fewest. There is one slot more than `slots`, for commands. Nobody
        overtakes one that does not fit yet.
        """
        if not self._waiting:
            return None
        has = Counter(entry.client for entry in self._begun if entry.client)
        entry = min(self._waiting, key=lambda each: (each.priority, has[each.client], each.order))
        others = sum(each.priority is not Priority.COMMAND for each in self._begun)
        mine = entry.priority is Priority.COMMAND or others < self._slots
        if not mine or len(self._begun) > self._slots or not fits(entry.job):
            return None
        self._waiting.remove(entry)
        same = [each.used for each in self._begun if each.priority is entry.priority]
        if not same:
            self._wake(entry.priority)
        entry.used = min(same, default=0.0)
        self._begun.append(entry)
        return entry.job

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
        kept = [entry for entry in self._waiting if entry.job is not job]
        found = len(kept) < len(self._waiting)
        self._waiting = kept
        return found

    def drain(self) -> list[Job]:
        """Take every job out, waiting or begun."""
        jobs = [entry.job for entry in (*self._waiting, *self._begun)]
        self._waiting, self._begun = [], []
        return jobs

    def _wake(self, priority: Priority) -> None:
        """A class that was idle comes back: with a burst at most of what it left to the others."""
        now = min((self._used[entry.priority] for entry in self._begun), default=self._used[priority])
        self._used[priority] = max(self._used[priority], now - _BURST_S / _WEIGHTS[priority])

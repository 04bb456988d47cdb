"""Who computes next: a bounded queue by priority, and a few jobs begun. Pure logic; no threads, no clock.

A more urgent job begun later is stepped first, so a command does not wait for the end of a long answer. Among
equals the first to come is finished first.
"""

import heapq
from typing import Generic, TypeVar

from runtime.engine.request import Priority

Job = TypeVar("Job")


class Scheduler(Generic[Job]):
    """Waiting and begun jobs. Not thread-safe: its owner holds a lock."""

    def __init__(self, *, slots: int, depth: int) -> None:
        self._slots = slots
        self._depth = depth
        self._waiting: list[tuple[Priority, int, Job]] = []
        self._begun: list[tuple[Priority, int, Job]] = []
        self._count = 0

    @property
    def waiting(self) -> int:
        """Jobs that have not begun."""
        return len(self._waiting)

    @property
    def begun(self) -> int:
        """Jobs that hold a slot."""
        return len(self._begun)

    def submit(self, job: Job, priority: Priority) -> bool:
        """Queue a job; False when the queue is full."""
        if len(self._waiting) >= self._depth:
            return False
        self._count += 1
        heapq.heappush(self._waiting, (priority, self._count, job))
        return True

    def next(self) -> tuple[Job, bool] | None:
        """The job to step now, and whether it begins with this step. None when there is nothing to do."""
        first = min(self._begun, default=None)
        if self._waiting and len(self._begun) < self._slots and (first is None or self._waiting[0] < first):
            entry = heapq.heappop(self._waiting)
            self._begun.append(entry)
            return entry[2], True
        return None if first is None else (first[2], False)

    def finish(self, job: Job) -> None:
        """Forget a job that has begun."""
        self._begun = [entry for entry in self._begun if entry[2] is not job]

    def drop(self, job: Job) -> bool:
        """Forget a job that has not begun; False when it has."""
        kept = [entry for entry in self._waiting if entry[2] is not job]
        found = len(kept) < len(self._waiting)
        heapq.heapify(kept)
        self._waiting = kept
        return found

    def drain(self) -> list[Job]:
        """Take every waiting job out."""
        jobs = [entry[2] for entry in sorted(self._waiting)]
        self._waiting = []
        return jobs

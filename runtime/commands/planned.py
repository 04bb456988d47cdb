"""What is to be done later, in the order it is due. Knows when; not what, nor how it is kept.

Waits by the time since boot, which does not jump. What was missed by more than a grace, because the machine was off or
asleep, is handed over as late: a door that opens hours after it was meant to is worse than one that stays shut.
"""

import asyncio
import heapq
from collections.abc import Callable, Iterator
from typing import Final

from runtime.commands.clock import Clock, Moment
from runtime.commands.journal.record import Record

_LONGEST_SLEEP_S: Final = 30.0
"""A sleeping machine's timers may not run; it looks again after it woke."""

_SPARE: Final = 64
"""So many that were taken away may stay in the heap, besides one for each that is there."""


class Planned:
    """A line of records, by when they are due."""

    def __init__(self, clock: Clock, grace_s: float) -> None:
        """`grace_s`: how late something may still be done."""
        self._clock = clock
        self._grace_s = grace_s
        self._records: dict[int, Record] = {}
        self._due: list[tuple[float, int]] = []
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(tuple(self._records.values()))

    def add(self, record: Record) -> None:
        """Keep it until it is due, or taken away."""
        now = self._clock.now()
        self._records[record.key] = record
        heapq.heappush(self._due, (now.ticks + record.after_s - record.age(now), record.key))
        self._changed.set()

    def take(self, key: int) -> Record | None:
        """Take it away; None if somebody did already. Who takes it decides what becomes of it."""
        record = self._records.pop(key, None)
        if len(self._due) > 2 * len(self._records) + _SPARE:
            self._due = [each for each in self._due if each[1] in self._records]
            heapq.heapify(self._due)
        return record

    def is_late(self, record: Record, now: Moment) -> bool:
        """Whether it was missed, or nobody can tell because the time of day was set back over a restart."""
        age = record.age(now)
        return age > record.after_s + self._grace_s or age < -self._grace_s

    async def run(self, due: Callable[[Record], None]) -> None:
        """Hand over each when it is due, for ever."""
        while True:
            wait = self._hand_over(due)
            self._changed.clear()
            sleep = asyncio.ensure_future(self._clock.sleep(wait))
            changed = asyncio.ensure_future(self._changed.wait())
            try:
                await asyncio.wait({sleep, changed}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                sleep.cancel()
                changed.cancel()

    def _hand_over(self, due: Callable[[Record], None]) -> float:
        """All that are due; how long there is nothing more to do."""
        while self._due:
            at, key = self._due[0]
            wait = at - self._clock.now().ticks
            if wait > 0 and key in self._records:
                return min(wait, _LONGEST_SLEEP_S)
            heapq.heappop(self._due)
            record = self.take(key)
            if record is not None:
                due(record)
        return _LONGEST_SLEEP_S

"""Who computes next: a bounded queue by priority, and jobs begun that share the processor. No threads, no clock.

Classes share by weight, so that commands go before chat and neither can starve the other; jobs of a class share
equally, whether they read a long prompt or decode, and those that decode do it together. Both by fair queueing over
measured seconds (A. Demers, S. Keshav, S. Shenker, SIGCOMM 1989): each has used so much, whoever has used least is
next, and a newcomer begins where the others are.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeVar

from runtime.engine.request import Priority

Job = TypeVar("Job")

_WEIGHTS: Final = {Priority.COMMAND: 64, Priority.CHAT: 8, Priority.BACKGROUND: 1}
"""Shares of the processor, where all classes want it."""
_BURST_S: Final = 1.0
"""How long commands go first that nobody gave for a while: longer than one takes, far less than an answer."""

Refusal = Literal["client", "queue"]
"""Who has too much waiting: the client that asks, or all together."""


@dataclass(eq=False, slots=True)
class _Entry(Generic[Job]):
    priority: Priority
    order: int
    client: str
    job: Job
    used: float = 0.0
    """Seconds it had, counted from where the others of its class were when it began."""


class Scheduler(Generic[Job]):
    """Waiting and begun jobs, each of a client. Not thread-safe: its owner holds a lock."""

    def __init__(self, *, slots: int, depth: int) -> None:
        self._slots = slots
        self._depth = depth
        self._waiting: list[_Entry[Job]] = []
        self._begun: list[_Entry[Job]] = []
        self._used = dict.fromkeys(Priority, 0.0)
        """Seconds each class had, by its weight."""
        self._now = 0.0
        """Where the classes are: what the one whose turn it was had used."""
        self._mean = dict.fromkeys(Priority, 0.0)
        """Where the jobs of a class are: what they used on average, those that have ended among them."""
        self._ran: list[_Entry[Job]] = []
        self._sharing = Counter[Priority]()
        """Whose turn it was, and how many of each class had begun then."""
        self._large: _Entry[Job] | None = None
        """Who did not fit, and is the next to begin but for those more urgent."""
        self._count = 0

    @property
    def waiting(self) -> int:
        """Jobs that have not begun."""
        return len(self._waiting)

    @property
    def begun(self) -> list[Job]:
        """Jobs that hold a slot."""
        return [entry.job for entry in self._begun]

    def submit(self, job: Job, priority: Priority, client: str = "") -> Refusal | None:
        """Queue a job; None when it is, else who has too much waiting.

        A client may have as many waiting as places are left, so that there is a place for the next (A. Choudhury, E.
        Hahne, "Dynamic queue length thresholds", 1998). "" is no client in particular, and has no bound of its own.
        Those that will find a free slot do not count as waiting.
        """
        free = max(0, self._slots - self._others)
        left = self._depth - max(0, len(self._waiting) - free)
        own = sum(entry.client == client for entry in self._waiting) - free if client else 0
        if left < 1:
            return "queue"
        if own >= left:
            return "client"
        self._count += 1
        self._waiting.append(_Entry(priority, self._count, client, job))
        return None

    def begin(self, fits: Callable[[Job], bool]) -> Job | None:
        """Let the most urgent waiting job begin, if there is a slot for it and it fits beside those begun.

        Among equals, one of the client that has fewest. There is one slot more than `slots`, for commands, and what is
        in the background leaves one to chats. Only who is more urgent overtakes one that did not fit.
        """
        entry = self._next()
        if entry is None or len(self._begun) > self._slots:
            return None
        if entry.priority is not Priority.COMMAND and self._others >= self._slots:
            return None
        if entry.priority is Priority.BACKGROUND and self._unhurried >= max(1, self._slots - 1):
            return None
        if not fits(entry.job):
            if entry.priority is not Priority.COMMAND:
                self._large = entry
            return None
        self._waiting.remove(entry)
        if all(each.priority is not entry.priority for each in self._begun):
            burst = _BURST_S if entry.priority is Priority.COMMAND else 0.0
            now = self._now - burst / _WEIGHTS[entry.priority]
            self._used[entry.priority] = max(self._used[entry.priority], now)
        entry.used = self._mean[entry.priority]
        self._begun.append(entry)
        return entry.job

    @property
    def _others(self) -> int:
        """How many have begun that are no commands."""
        return sum(each.priority is not Priority.COMMAND for each in self._begun)

    @property
    def _unhurried(self) -> int:
        """How many have begun in the background."""
        return sum(each.priority is Priority.BACKGROUND for each in self._begun)

    def _next(self) -> _Entry[Job] | None:
        has = Counter(entry.client for entry in self._begun if entry.client)
        large = self._large if any(each is self._large for each in self._waiting) else None
        most = Priority.CHAT if large is None else large.priority
        urgent = [each for each in self._waiting if each.priority < most]
        if not urgent and large is not None:
            return large
        return min(
            urgent or self._waiting,
            key=lambda each: (each.priority, has[each.client], each.order),
            default=None,
        )

    def turn(self, steps: Callable[[Job], bool]) -> list[Job]:
        """Who runs now: one job, or where that would take a step of decoding all who would and are no less urgent."""
        self._ran = []
        self._sharing = Counter(entry.priority for entry in self._begun)
        if not self._begun:
            return []
        priority = min(self._sharing, key=lambda each: (self._used[each], each))
        self._now = max(self._now, self._used[priority])
        first = min(
            (entry for entry in self._begun if entry.priority is priority),
            key=lambda entry: (entry.used, entry.order),
        )
        self._ran = [first]
        if steps(first.job):
            self._ran += [
                entry
                for entry in self._begun
                if entry is not first and entry.priority <= priority and steps(entry.job)
            ]
        return [entry.job for entry in self._ran]

    def used(self, seconds: float) -> None:
        """Know that the jobs of the last turn, ended or not, ran together for so long."""
        for entry in self._ran:
            entry.used += seconds
            self._mean[entry.priority] += seconds / self._sharing[entry.priority]
        if self._ran:
            priority = self._ran[0].priority
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

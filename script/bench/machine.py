"""What this machine can do, and whether it was ours while we measured. Linux.

Knows nothing of engines. A figure from a machine that others use too is a figure about the others.
"""

import hashlib
import os
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

_OTHERS: Final = 0.05
"""Share of all cores' time that other processes may take."""
_UNSTEADY: Final = 1.10
"""How much slower the same work may get from one round to another."""
_SPIN: Final = bytes(8 << 20)
_READ: Final = 256 << 20
"""Bytes a core reads for the bandwidth: far more than any cache holds."""
Way = Callable[[NDArray[np.float32]], object]
_TICK: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Clock:
    """Seconds of processor time since the machine started; all cores together."""

    busy: float
    total: float
    own: float
    """This process and its children that have ended."""

    @classmethod
    def read(cls) -> "Clock":
        """Now."""
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        own = sum(each.ru_utime + each.ru_stime for each in used)
        return cls.parse(Path("/proc/stat").read_text(encoding="ascii"), own)

    @classmethod
    def parse(cls, stat: str, own: float) -> "Clock":
        """proc_stat(5): user nice system idle iowait irq softirq steal, in ticks; guests are in user already."""
        ticks = [int(word) / _TICK for word in stat.splitlines()[0].split()[1:9]]
        return cls(busy=sum(ticks) - ticks[3] - ticks[4], total=sum(ticks), own=own)


def others_between(before: Clock, after: Clock) -> float:
    """Share of the machine that was busy with what is not ours: other processes, and other machines on this one."""
    total = after.total - before.total
    busy = (after.busy - before.busy) - (after.own - before.own)
    return max(0.0, busy) / total if total > 0 else 0.0


def spin(threads: int) -> float:
    """Seconds that a fixed piece of work takes on so many threads at once: more when the clock is held down."""

    def work(_: int) -> None:
        hashlib.sha256(_SPIN).digest()

    with ThreadPoolExecutor(threads) as pool:
        return _fastest(lambda: list(pool.map(work, range(threads))), 5)


def objections(others: Sequence[float], spins: Sequence[float]) -> tuple[str, ...]:
    """Why these rounds say nothing of the engines; empty when they do.

    `others` has a share a round, `spins` a time between rounds.
    """
    found = []
    if others and max(others) > _OTHERS:
        found.append(f"other processes took up to {max(others):.0%} of the machine in a round")
    if spins and max(spins) > _UNSTEADY * min(spins):
        found.append(
            f"the same work took {max(spins) / min(spins):.2f} times as long in one round as in another"
        )
    return tuple(found)


def others_now(seconds: float = 2.0) -> float:
    """What others take while we wait."""
    before = Clock.read()
    time.sleep(seconds)
    return others_between(before, Clock.read())


def read_bandwidth(threads: int, size: int = _READ) -> float:
    """Bytes a second that so many cores read from memory together: the best of several ways and tries.

    numpy's reductions let go of the interpreter's lock, so threads read at the same time.
    """
    ways: tuple[Way, ...] = (
        np.max,
        np.sum,
        lambda block: np.dot(block, block),
        lambda block: np.bitwise_or.reduce(block.view(np.uint64)),
    )
    blocks: list[NDArray[np.float32]] = [np.ones(size // 4, dtype=np.float32) for _ in range(threads)]
    with ThreadPoolExecutor(threads) as pool:
        best = min(_fastest(lambda way=way: list(pool.map(way, blocks)), 4) for way in ways)  # type: ignore[misc]
    return threads * size / best


def _fastest(work: Callable[[], object], tries: int) -> float:
    times = []
    for _ in range(tries):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def processor() -> str:
    """Its name, as the kernel has it."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")

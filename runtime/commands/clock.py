"""What time it is, in the two ways that matter: the time of day, which jumps, and the time since boot, which does not.

An age is counted since boot as long as the machine has not been started anew, and by the time of day otherwise.
"""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time that can be compared with another, also over a restart."""

    wall: float
    """Seconds since the epoch."""
    ticks: float
    """Seconds since boot; suspended or not, they are counted."""
    boot: str
    """Which boot that was."""

    def since(self, earlier: "Moment") -> float:
        """Seconds from `earlier` to this one. Below zero the time of day was set back, and nobody knows."""
        if self.boot == earlier.boot:
            return self.ticks - earlier.ticks
        return self.wall - earlier.wall


class Clock(Protocol):
    """Where moments come from."""

    def now(self) -> Moment:
        """This moment."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return no earlier than after so many seconds."""
        ...


class SystemClock:
    """The clock of this machine."""

    def __init__(self) -> None:
        self._boot = _BOOT_ID.read_text(encoding="ascii").strip()

    def now(self) -> Moment:
        """This moment."""
        return Moment(time.time(), time.clock_gettime(time.CLOCK_BOOTTIME), self._boot)

    async def sleep(self, seconds: float) -> None:
        """Return no earlier than after so many seconds."""
        await asyncio.sleep(seconds)

"""How the board and this process are now: heat, power and memory, as Linux tells them below /proc and /sys.

Every function takes the root of the file system, so that the tests can describe other boards. What a board does not
tell is None.
"""

import contextlib
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

_ROOT: Final = Path("/")
_SINCE_BOOT: Final = 16
"""In Raspberry Pi's get_throttled bits 0 to 3 say what is now; from 16 on, what was since the start."""


class Strain(StrEnum):
    """Why a board computes slower than it could; in the order of the bits."""

    LOW_VOLTAGE = "low_voltage"
    CAPPED = "capped"
    """The clock is held down."""
    THROTTLED = "throttled"
    HOT = "hot"
    """The limit of the temperature is reached."""


@dataclass(frozen=True, slots=True)
class Throttling:
    """What slows a board down."""

    now: tuple[Strain, ...] = ()
    before: tuple[Strain, ...] = ()
    """Since the start."""


def hottest(root: Path = _ROOT) -> float | None:
    """The hottest place of the board in degrees Celsius; None where it does not tell."""
    found: list[float] = []
    for zone in (root / "sys/class/thermal").glob("thermal_zone*/temp"):
        with contextlib.suppress(OSError, ValueError):  # a sensor may be there and not answer
            found.append(int(zone.read_text(encoding="ascii")) / 1000)
    return max(found, default=None)


def throttling(root: Path = _ROOT) -> Throttling | None:
    """What slows the board down; None where it does not tell, as all but Raspberry Pis."""
    for path in sorted((root / "sys/devices/platform").glob("soc*/soc*:firmware/get_throttled")):
        with contextlib.suppress(OSError, ValueError):
            bits = int(path.read_text(encoding="ascii").strip(), 16)
            return Throttling(_strains(bits), _strains(bits >> _SINCE_BOOT))
    return None


def resident(root: Path = _ROOT) -> int | None:
    """Bytes of memory that this process holds; None where the kernel does not tell."""
    try:
        pages = int((root / "proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def _strains(bits: int) -> tuple[Strain, ...]:
    return tuple(each for bit, each in enumerate(Strain) if bits >> bit & 1)

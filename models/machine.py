"""How much memory and disk there is, as the kernel and the container's limits tell. Linux; bytes throughout."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

_MEMINFO: Final = Path("/proc/meminfo")
_CGROUP: Final = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Machine:
    """What a pull may use."""

    disk_free: int
    """On the file system of the store."""
    memory_total: int
    memory_available: int
    """Without pushing other processes into swap."""

    @classmethod
    def measure(cls, store: Path) -> Self:
        """Look now; `store` need not exist yet."""
        folder = next(path for path in (store.absolute(), *store.absolute().parents) if path.exists())
        info = _meminfo(_MEMINFO.read_text(encoding="ascii"))
        total, available = info["MemTotal"], info["MemAvailable"]
        limit, used = _number(_CGROUP / "memory.max"), _number(_CGROUP / "memory.current")
        if limit is not None:
            total, available = min(total, limit), min(available, limit - (used or 0))
        return cls(shutil.disk_usage(folder).free, total, available)


def _meminfo(text: str) -> dict[str, int]:
    """`Name:   123 kB` a line (proc_meminfo(5))."""
    pairs = (line.split() for line in text.splitlines())
    return {words[0].rstrip(":"): int(words[1]) * 1024 for words in pairs if words[2:] == ["kB"]}


def _number(path: Path) -> int | None:
    """A control group's figure; None where there is no limit or no control group."""
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None

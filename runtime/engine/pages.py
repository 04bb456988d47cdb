"""Memory that mapped files take in this process: what was read of them stays with it until somebody says otherwise.

Loading a graph reads every matrix once, to pack it. The scales and zero points that were read on the way are never read
again, and were a twelfth of the process. Knows the kernel's list of mappings; does not know what the files hold.
"""

import ctypes
import mmap
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_MAPS: Final = Path("/proc/self/maps")
_MAPPING: Final = re.compile(r"([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ [1-9]\d* +(/.*)")
"""First address, the one behind the last, the file (proc_pid_maps(5)); what has no file has inode 0."""


def give_back(directory: Path) -> None:
    """Let go of all that is resident of the files mapped from `directory`; what is used again is read again.

    Only for files that nobody writes to, not even in memory: a page changed there would be as in the file again. Where
    the kernel does not say what is mapped, nothing happens.
    """
    if not _MAPS.exists():
        return
    madvise = ctypes.CDLL(None).madvise
    for start, end in _mappings(directory):
        # What the kernel refuses stays resident, which is no harm.
        madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), mmap.MADV_DONTNEED)


def _mappings(directory: Path) -> Iterator[tuple[int, int]]:
    """First address, and the one behind the last, of each mapping of a file below `directory`."""
    below = f"{directory.resolve()}{os.sep}"
    for line in _MAPS.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        found = _MAPPING.fullmatch(line)
        if found and found[3].startswith(below):
            yield int(found[1], 16), int(found[2], 16)

"""A disk whose power fails: an ext4 image that forgets what was not synced. Needs root.

It models lost caches and a lost journal tail; not torn sectors, and not a card that lies about what it has written.
"""

import fcntl
import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

_SHUTDOWN: Final = 0x8004587D
"""EXT4_IOC_SHUTDOWN."""
_NO_LOG_FLUSH: Final = 2
_MEBIBYTES: Final = 64


class Disk:
    """A small file system of its own."""

    def __init__(self, image: Path, at: Path) -> None:
        self._image = image
        self.at = at

    def mount(self) -> None:
        """Mount it; after a power cut the journal is replayed."""
        done = subprocess.run(
            ["mount", "-o", "loop", str(self._image), str(self.at)], capture_output=True, check=False
        )
        if done.returncode:
            pytest.skip("this container may not mount")

    def cut(self) -> None:
        """Stop the disk at once, without writing anything more."""
        handle = os.open(self.at, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, _SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
        finally:
            os.close(handle)

    def unmount(self) -> None:
        """Take it away; nobody uses it any more."""
        subprocess.run(["umount", str(self.at)], capture_output=True, check=True)


@contextmanager
def disk_below(folder: Path) -> Iterator[Disk]:
    """A mounted disk; skips the test where there can be none."""
    image, at = folder / "disk.img", folder / "disk"
    at.mkdir()
    with image.open("wb") as file:
        file.truncate(_MEBIBYTES << 20)
    if subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], capture_output=True, check=False).returncode:
        pytest.skip("there is no mkfs.ext4")
    disk = Disk(image, at)
    disk.mount()
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(at)], capture_output=True, check=False)

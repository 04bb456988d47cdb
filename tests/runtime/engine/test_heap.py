"""What was freed goes back to the system, whatever the C library would keep of it."""

import platform

import pytest

from runtime.engine import heap
from runtime.vitals import resident

MB = 1 << 20


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library has its own ways")
def test_what_was_freed_leaves_the_process() -> None:
    pieces = [
        bytes(100_000) for _ in range(2_000)
    ]  # below what malloc takes from the system and returns by itself
    kept = pieces[::100]
    there = resident()
    del pieces
    heap.give_back()
    assert len(kept) == 20
    assert there is not None
    left = resident()
    assert left is not None
    assert there - left > 100 * MB

"""Memory of caches: what is promised fits, idle slots go in order, and pages really go back to the system."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.engine.arena import Arena
from runtime.engine.budget import Budget
from runtime.engine.request import Priority


@given(
    tokens=st.integers(1, 1000),
    promised=st.dictionaries(st.integers(0, 3), st.integers(0, 300)),
    resident=st.dictionaries(st.integers(4, 9), st.integers(0, 300)),
)
def test_what_is_emptied_is_enough_and_no_more(
    tokens: int, promised: Mapping[int, int], resident: Mapping[int, int]
) -> None:
    budget, idle = Budget(tokens), sorted(resident)
    emptied = budget.too_much(promised, resident, idle)
    assert emptied == [slot for slot in idle if slot in emptied], "in order"
    left = sum(promised.values()) + sum(resident[slot] for slot in idle if slot not in emptied)
    if budget.fits(0, promised, Priority.COMMAND):
        assert left <= tokens
    if emptied:
        assert left + resident[emptied[-1]] > tokens, "the last one had to go, too"


def resident_bytes() -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found.group(1)) * 1024


def test_memory_is_taken_when_written_and_goes_back() -> None:
    before = resident_bytes()
    arena = Arena((4, 2, 16384, 64), "float32")
    assert resident_bytes() - before < 1 << 20
    arena.array[1, :, :8192] = 1
    arena.array[2, :, :8192] = 2
    taken = resident_bytes()
    assert taken - before > 7 << 20
    arena.give_back(1, kept=4096)
    assert taken - resident_bytes() > 3 << 19
    assert np.all(arena.array[1, :, :4096] == 1)
    assert np.all(arena.array[2, :, :8192] == 2)
    arena.give_back(2)
    assert not arena.array[2].any()
    assert np.all(arena.array[1, :, :4096] == 1), "others' memory stays"


@pytest.mark.parametrize("kept", [0, 1, 7, 100, 511, 512])
@pytest.mark.parametrize("shape", [(3, 2, 512, 16), (2, 3, 40, 8), (1, 1, 512, 3)])
def test_nothing_that_is_kept_is_lost(shape: tuple[int, ...], kept: int) -> None:
    arena = Arena(shape, "float32")
    arena.array[:] = np.random.default_rng(0).random(shape)
    expected = arena.array.copy()
    row = shape[0] - 1
    arena.give_back(row, kept=min(kept, shape[2]))
    np.testing.assert_array_equal(arena.array[:row], expected[:row])
    np.testing.assert_array_equal(arena.array[row, :, :kept], expected[row, :, :kept])

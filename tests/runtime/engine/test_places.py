"""The way back from any length, with memory for few: to a place at or before it, and to the very same state."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.engine.bank import new_slot
from runtime.engine.places import PLACES, Places
from runtime.engine.session import Session
from tests.support.tiny import tiny_bundle

PROMPT = np.arange(20, 25)
NOTHING = np.zeros(0, dtype=np.int64)


@pytest.fixture(scope="module")
def hybrid(tmp_path_factory: pytest.TempPathFactory) -> Session:
    path = tmp_path_factory.mktemp("any") / "b"
    return Session(path, tiny_bundle(path, variant="lfm2"), threads=1)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 12)), max_size=12))
def test_any_way_forth_and_back(hybrid: Session, ways: list[tuple[int, int]]) -> None:
    """Each goes so far ahead, keeps that, and then so far back."""
    slot = new_slot(hybrid)
    slot.prefill(PROMPT, asked=NOTHING)
    places = Places(slot.cache)
    states = {0: slot.cache.snapshot()}
    at = 0
    for ahead, back in ways:
        slot.prefill(np.arange(at, at + ahead) % 16, asked=NOTHING)
        at += ahead
        places.keep()
        states = {length: state for length, state in states.items() if length < at} | {
            at: slot.cache.snapshot()
        }
        assert places.held <= PLACES
        wanted = max(0, at - back)
        at = places.go_back(wanted)
        assert at <= wanted
        assert slot.cache.tokens == len(PROMPT) + at
        for mine, then in zip(slot.cache.snapshot().states, states[at].states, strict=True):
            np.testing.assert_array_equal(mine, then)
    assert places.go_back(0) == 0


def test_what_is_soonest_run_again_goes_first(hybrid: Session) -> None:
    slot = new_slot(hybrid)
    slot.prefill(PROMPT, asked=NOTHING)
    places = Places(slot.cache)
    assert places.worth([1, 2, 3]) == [1, 2, 3]
    assert places.worth([40, 41, 42, 43, 44]) == [40, 42, 44]
    for ahead in (40, 1, 1, 1):
        slot.prefill(np.full(ahead, 7), asked=NOTHING)
        places.keep()
    assert places.go_back(42) == 42
    assert places.go_back(41) == 40
    assert places.held == PLACES

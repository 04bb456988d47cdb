"""Names that are expected count for more, where they are heard at all."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from runtime.voice.whisper.hints import Hints, Place

SURE = np.full(100, -1.0, np.float32)
names = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4), max_size=5)


def along(hints: Hints, tokens: list[int]) -> Place:
    place = hints.start
    for token in tokens:
        place = hints.step(place, token)
    return place


def test_a_whole_name_is_worth_something_and_half_a_one_nothing() -> None:
    hints = Hints([[1, 2, 3]])
    assert along(hints, [1, 2, 3]).worth > 0
    broken = along(hints, [1, 2, 7])
    assert (broken.worth, broken.pending) == (0, 0)
    assert along(hints, [1, 2]).standing > 0


def test_what_is_not_heard_is_not_wanted() -> None:
    hints, chances = Hints([[1, 2]]), SURE.copy()
    assert set(hints.wanted(hints.start, chances)) == {1}
    chances[1] = -9.0
    assert hints.wanted(hints.start, chances) == {}
    assert set(hints.wanted(along(hints, [1]), SURE)) == {1, 2}


def test_without_names_nothing_is() -> None:
    assert Hints().wanted(Hints().start, SURE) == {}


@given(names, st.lists(st.integers(0, 9), max_size=12))
def test_worth_is_never_lost_and_never_for_less_than_a_name(known: list[list[int]], said: list[int]) -> None:
    hints, worth = Hints(known), 0.0
    place = hints.start
    for token in said:
        place = hints.step(place, token)
        assert place.worth >= worth
        worth = place.worth
    spoken = any(said[n : n + len(name)] == name for name in known for n in range(len(said)))
    assert worth == 0 or spoken

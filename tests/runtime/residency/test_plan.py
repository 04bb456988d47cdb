"""Who leaves: never who is in use or pinned, the least recently used first, and no more than has to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import CallerError
from runtime.residency.plan import Place, to_leave

PLACES = st.lists(
    st.builds(
        Place,
        name=st.text("abcdefgh", min_size=1, max_size=3),
        bytes=st.integers(0, 100),
        last_used=st.floats(0, 1000),
        in_use=st.booleans(),
        pinned=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda place: place.name,
)


def test_the_least_recently_used_leaves_first() -> None:
    places = [Place("new", 40, 3.0), Place("old", 40, 1.0), Place("between", 20, 2.0)]
    assert to_leave(places, 30, 100) == ("old",)
    assert to_leave(places, 50, 100) == ("old", "between")
    assert to_leave(places, 10, 110) == ()


def test_who_answers_is_waited_for() -> None:
    assert to_leave([Place("busy", 80, 1.0, in_use=True)], 30, 100) is None


def test_what_never_fits_is_refused_with_figures() -> None:
    with pytest.raises(CallerError, match=r"pinned.*raise limits\.model_bytes"):
        to_leave([Place("default", 80, 1.0, pinned=True)], 30, 100)
    with pytest.raises(CallerError, match="choose a smaller one"):
        to_leave([], 101, 100)


@given(PLACES, st.integers(0, 200), st.integers(0, 300))
def test_whoever_leaves_may_and_is_enough(places: list[Place], wanted: int, budget: int) -> None:
    try:
        leaving = to_leave(places, wanted, budget)
    except CallerError:
        assert sum(place.bytes for place in places if place.pinned) + wanted > budget
        return
    free = budget - sum(place.bytes for place in places)
    if leaving is None:
        assert free + sum(each.bytes for each in places if not each.pinned and not each.in_use) < wanted
        return
    gone = [next(each for each in places if each.name == name) for name in leaving]
    assert not any(each.in_use or each.pinned for each in gone)
    assert free + sum(each.bytes for each in gone) >= wanted or not gone
    for last in gone[-1:]:
        assert free + sum(each.bytes for each in gone) - last.bytes < wanted

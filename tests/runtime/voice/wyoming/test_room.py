"""How much sound is held, and for how long other readings of it are remembered."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import BusyError, CallerError
from runtime.voice.border import RATE
from runtime.voice.wyoming.lately import Lately
from runtime.voice.wyoming.room import Room


def test_one_recording_may_be_so_long_and_all_together_so_long() -> None:
    room = Room(2.0, 3.0)
    first, second = room.recording(), room.recording()
    first.grow(2 * RATE)
    with pytest.raises(CallerError, match="longer than 2 seconds"):
        first.grow(1)
    second.grow(RATE)
    with pytest.raises(BusyError):
        second.grow(1)
    first.close()
    second.grow(RATE)
    second.close()
    assert room.taken == 0


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-1, 40_000)), max_size=60))
def test_what_is_held_is_what_the_recordings_hold_and_never_too_much(
    steps: Sequence[tuple[int, int]],
) -> None:
    room = Room(1.0, 2.0)
    recordings, held = [room.recording() for _ in range(4)], [0] * 4
    for which, more in steps:
        if more < 0:
            recordings[which].close()
            held[which] = 0
            continue
        try:
            recordings[which].grow(more)
        except (CallerError, BusyError):
            assert held[which] + more > RATE or sum(held) + more > 2 * RATE
        else:
            held[which] += more
        assert room.taken == sum(held) <= 2 * RATE


def test_readings_are_remembered_once_a_while_and_a_few() -> None:
    now = [0.0]
    lately = Lately(lambda: now[0])
    lately.keep(("lied", "light"))
    assert lately.readings("lied") == ("lied", "light")
    assert lately.readings("lied") == ("lied",)
    lately.keep(("lied", "light"))
    now[0] = 31.0
    assert lately.readings("lied") == ("lied",)
    for number in range(40):
        lately.keep((str(number), "other"))
    assert [lately.readings(str(number)) for number in (0, 23, 24, 39)] == [
        ("0",),
        ("23",),
        ("24", "other"),
        ("39", "other"),
    ]

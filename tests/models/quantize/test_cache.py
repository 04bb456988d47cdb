"""Scales of an int8 cache: no position takes a key out of their reach, and no channel is without one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.quantize.cache import channel_scales

LEVELS = 127
ROOM = 1.25


@given(seed=st.integers(0, 2**32 - 1), turn=st.floats(0, 2 * np.pi), rotated=st.sampled_from([0, 4, 8]))
def test_a_key_turned_to_any_position_is_within_reach(seed: int, turn: float, rotated: int) -> None:
    keys = np.random.default_rng(seed).standard_normal((2, 20, 8)).astype(np.float32)
    scales = channel_scales(np.abs(keys).max(axis=1), rotated)
    half = rotated // 2
    left, right = keys[..., :half].copy(), keys[..., half:rotated].copy()
    keys[..., :half] = left * np.cos(turn) - right * np.sin(turn)
    keys[..., half:rotated] = right * np.cos(turn) + left * np.sin(turn)
    assert (np.abs(keys) <= scales[:, None] * LEVELS * (1 + 1e-5)).all()


def test_what_is_not_turned_has_levels_of_its_own_and_room_for_a_quarter_more() -> None:
    peaks = np.array([[1.27, 2.54, 12.7, 25.4]], np.float32)
    wanted = peaks * ROOM / LEVELS
    np.testing.assert_allclose(channel_scales(peaks, 0), wanted)
    np.testing.assert_allclose(channel_scales(peaks, 2)[0, 2:], wanted[0, 2:])


def test_a_silent_channel_is_not_without_a_scale() -> None:
    """Another text may use it; and a head that no text used is stored as it is."""
    scales = channel_scales(np.array([[0.0, 127.0], [0.0, 0.0]], np.float32), 0)
    np.testing.assert_allclose(scales, [[ROOM / LEVELS, ROOM], [1.0, 1.0]], rtol=1e-6)

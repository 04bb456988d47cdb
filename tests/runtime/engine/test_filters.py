"""Which places the filters keep, against sorting everything."""

from itertools import accumulate
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from runtime.engine.filters import largest, nucleus, reach
from runtime.engine.request import Sampling
from tests.support.sampling import distribution

grid = st.integers(-80, 0).map(lambda step: step / 8)
"""Coarse on purpose: equal values are common, and values that differ also differ in float32."""
logits = st.lists(grid, min_size=1, max_size=60)


def weights_of(values: list[float]) -> NDArray[np.float32]:
    array = np.array(values, dtype=np.float32)
    weights: NDArray[np.float32] = np.exp(array - array.max())
    return weights


@given(logits, st.data())
def test_largest_keeps_the_first_of_equals(values: list[float], data: st.DataObject) -> None:
    count = data.draw(st.integers(1, len(values)))
    kept = largest(np.array(values, dtype=np.float32), count)
    ranked = sorted(range(len(values)), key=lambda place: (-values[place], place))
    assert sorted(kept.tolist()) == sorted(ranked[:count])
    for value in set(values):
        same = [place for place in kept.tolist() if values[place] == value]
        assert same == sorted(same)


@given(logits, st.integers(1, 63).map(lambda share: share / 64 + 1 / 1000))
def test_nucleus_is_the_smallest_set_with_enough_mass(values: list[float], share: float) -> None:
    oracle = distribution(values, Sampling(temperature=1.0, top_p=share))
    assert set(nucleus(weights_of(values), share).tolist()) == {i for i, p in enumerate(oracle) if p > 0}


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("spread", [0.0, 0.5, 3.0, 12.0])
def test_nucleus_over_a_whole_vocabulary(share: float, spread: float) -> None:
    values = np.random.default_rng(7).normal(0, spread, 20_000).astype(np.float32)
    weights = np.exp(values - values.max())
    kept = np.zeros(weights.size, dtype=bool)
    kept[nucleus(weights, share)] = True
    total = weights.sum(dtype=np.float64)
    mass = weights[kept].sum(dtype=np.float64)
    assert mass >= share * total * (1 - 1e-9)
    assert mass - weights[kept].min() < share * total * (1 + 1e-9)
    assert kept.all() or weights[kept].min() >= weights[~kept].max()


def test_half_of_two_equals_is_the_first() -> None:
    assert nucleus(np.ones(2, dtype=np.float32), 0.5).tolist() == [0]


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=2000).filter(any),
    st.integers(0, 63).map(lambda share: share / 64),
    st.sampled_from(["left", "right"]),
)
def test_reach_is_where_the_running_sum_gets_there(
    values: list[int], share: float, side: Literal["left", "right"]
) -> None:
    target = share * sum(values)
    sums = list(accumulate(values))
    expected = next(i for i, s in enumerate(sums) if s > target or (side == "left" and s == target))
    assert reach(np.array(values, dtype=np.float32), share, side=side) == expected


@given(st.integers(1, 1500), st.integers(1, 1500))
def test_a_draw_never_falls_on_a_weight_of_nought(before: int, after: int) -> None:
    weights = np.zeros(before + 1 + after, dtype=np.float32)
    weights[before] = 1e-30
    for share in (0.0, 0.5, 1.0 - 2.0**-53):
        assert reach(weights, share, side="right") == before

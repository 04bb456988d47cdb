"""Which of many weights count: the k largest, the nucleus, and the place a draw falls on.

Arrays in, places out. Written for vocabularies of 50,000 to 260,000 at every token: candidates are found by
comparing before anything is sorted, and no running sum goes over everything.
"""

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

_LIKELY: Final = np.float32(1e-3)
"""Of the largest weight, which is 1: the first guess at where the nucleus ends. Only speed hangs on it."""

_BLOCK: Final = 512
"""Weights summed at once. Only speed hangs on it."""


def largest(values: NDArray[np.float32], count: int) -> NDArray[np.intp]:
    """Where the `count` largest are; of equals at the border the first ones. Equals keep their order."""
    border = np.partition(values, values.size - count)[values.size - count]
    above = np.flatnonzero(values > border)
    equal = np.flatnonzero(values == border)[: count - above.size]
    return np.concatenate((above, equal))


def nucleus(weights: NDArray[np.float32], share: float) -> NDArray[np.intp]:
    """Where the fewest weights are that together have `share` of the sum (Holtzman et al., arXiv 1904.09751).

    The largest weight is 1. Sorts candidates only: what weighs less than (1 - share) of the sum over the
    number of weights adds up to less than the tail, so it is outside; mostly a far higher threshold will do.
    """
    total = float(weights.sum(dtype=np.float64))
    floor = np.float32((1.0 - share) * total / weights.size)
    places = np.flatnonzero(weights >= max(floor, _LIKELY))
    candidates = weights[places]
    if float(candidates.sum(dtype=np.float64)) < share * total:
        places = np.flatnonzero(weights >= floor)
        candidates = weights[places]
    falling = np.ascontiguousarray(np.sort(candidates)[::-1])
    part = min(1.0, share * total / float(candidates.sum(dtype=np.float64)))
    count = 1 + reach(falling, part, side="left")
    return places[largest(candidates, count)]


def reach(weights: NDArray[np.float32], share: float, *, side: Literal["left", "right"]) -> int:
    """The first place where the running sum reaches (left) or passes (right) this share of the whole sum.

    The share is at most 1, and below 1 for right. Sums blocks first and then adds up within one: a
    running sum over everything would cost more than all the rest.
    """
    sums = np.cumsum(np.add.reduceat(weights, np.arange(0, weights.size, _BLOCK), dtype=np.float64))
    target = share * float(sums[-1])
    block = int(sums.searchsorted(target, side))
    start = block * _BLOCK
    inside = weights[start : start + _BLOCK]
    running = np.cumsum(inside, dtype=np.float64)
    place = int(running.searchsorted(target - (float(sums[block - 1]) if block else 0.0), side))
    # Rounding may point past the block: its last weight is meant, but never one of nought.
    return start + min(place, int(np.flatnonzero(inside)[-1]))

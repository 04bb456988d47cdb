"""Weights that lie on a grid already, as those out of a quantised file do: the grid is found again from the values.

Dequantised, reordered, packed with other matrices or multiplied by a constant, the weights of a block still are whole
multiples of one step. Each step that gives the extremes a level is tried. Thirty-two weights that never were on a grid
do not pass by chance: each would have to come within a thousandth of a level. Knows nothing of file formats.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.quantize.affine import rests_of
from models.quantize.levels import Levels

Floats = NDArray[np.float32]
Found = NDArray[np.bool_]
_NEAR: Final = np.float32(1e-3)
"""Levels by which a weight may miss its own: float32 rounds, and a multiplier folded in rounds once more."""
_TINY: Final = np.finfo(np.float32).tiny


def multiples(blocks: Floats, bits: int) -> tuple[Levels, Found]:
    """Levels of `[n, block]` weights that are whole multiples of a step, zero in the middle; `[n]`, where they are.

    A step is found to the last digit where every weight is an exact product, as in GGUF's Q4_0, Q5_0 and Q8_0.
    """
    middle = 1 << (bits - 1)
    magnitudes = np.abs(blocks).max(axis=1)
    steps = np.zeros(len(blocks), np.float32)
    levels = np.zeros(blocks.shape, np.int16)
    found = magnitudes < _TINY
    # Whatever has its extreme at half a level or less also lies on the finer grid of twice the level.
    for extreme in range(middle, middle // 2, -1):
        at = np.flatnonzero(~found)
        if not at.size:
            break
        part, tried = blocks[at], magnitudes[at] / np.float32(extreme)
        if extreme == middle:  # which only negative levels reach
            tried = np.where(part.max(axis=1) == magnitudes[at], -tried, tried)
        near, off = _nearest(part / tried[:, None])
        fits = (off <= _NEAR) & (near.max(axis=1) < middle)
        at = at[fits]
        found[at], steps[at], levels[at] = True, tried[fits], near[fits].astype(np.int16)
    _coarsen(blocks, levels, steps, magnitudes)
    zeros = np.full(len(blocks), middle, np.uint8)
    return Levels((levels + middle).astype(np.uint8), steps, zeros), found


def _coarsen(blocks: Floats, levels: NDArray[np.int16], steps: Floats, magnitudes: Floats) -> None:
    """The coarsest grid where the one found misses by a last digit: that is the one the weights came from."""
    at = np.flatnonzero((levels * steps[:, None] != blocks).any(axis=1) & (steps != 0))
    if at.size:
        shared = np.gcd.reduce(levels[at], axis=1)
        levels[at] //= shared[:, None]
        steps[at] = np.copysign(magnitudes[at] / np.abs(levels[at]).max(axis=1), steps[at])


def stretches(blocks: Floats, bits: int) -> tuple[Levels, Floats, Found]:
    """As `multiples`, for weights `step * level + minimum`, as in Q4_1 and Q4_K; `[n]` rests as `affine` has them."""
    top = (1 << bits) - 1
    low, high = blocks.min(axis=1), blocks.max(axis=1)
    spread = high - low
    found = spread == 0
    # All alike: one step above zero, so that nothing is left over.
    steps = np.where(found, low, np.float32(0))
    levels = found[:, None] & (blocks != 0)
    levels = levels.astype(np.uint8)
    for extreme in range(top, top // 2, -1):
        at = np.flatnonzero(~found)
        if not at.size:
            break
        tried = spread[at] / np.float32(extreme)
        near, off = _nearest((blocks[at] - low[at, None]) / np.maximum(tried, _TINY)[:, None])
        fits = off <= _NEAR
        at = at[fits]
        found[at], steps[at], levels[at] = True, tried[fits], near[fits].astype(np.uint8)
    zeros, rests = rests_of(np.where(spread == 0, np.float32(0), low), steps, top)
    return Levels(levels, steps, zeros), rests, found


def _nearest(levels: Floats) -> tuple[Floats, Floats]:
    """Whole levels, and the largest distance from them in each block."""
    near = np.rint(levels)
    off: Floats = np.abs(levels - near).max(axis=1)
    return near, off

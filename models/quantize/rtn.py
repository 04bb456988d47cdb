"""Round to nearest: the scale follows from a block's extremes, every weight goes to the closest level.

Error is at most half a scale, except for four bits symmetric: there the range is -8 to 7 scales, the extreme
of larger magnitude gets the -8 by a signed scale, and one of the other sign beyond 7.5 scales is cut off.
"""

import numpy as np
from numpy.typing import NDArray

from models.quantize.levels import Levels


def rtn(blocks: NDArray[np.float32], bits: int, *, symmetric: bool) -> Levels:
    """Quantise each block of `[n, block]` by its extremes."""
    top = 2**bits - 1
    scales, zeros = _symmetric(blocks, bits) if symmetric else _asymmetric(blocks, top)
    # Below the smallest normal number a scale has lost the digits that make it one: the block is zero.
    scales[np.abs(scales) < np.finfo(np.float32).tiny] = 0
    divisors = np.where(scales == 0, np.float32(1), scales)
    levels = np.rint(blocks / divisors[:, None])
    levels += zeros[:, None]
    np.clip(levels, 0, top, out=levels)
    return Levels(levels.astype(np.uint8), scales, zeros.astype(np.uint8))


def _symmetric(blocks: NDArray[np.float32], bits: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    low, high = blocks.min(axis=1), blocks.max(axis=1)
    middle = 2 ** (bits - 1)
    zeros = np.full(len(blocks), middle, np.float32)
    if bits == 4:  # noqa: PLR2004  of 16 levels, one on each side is too many to waste
        return np.where(-low >= high, low, high) / np.float32(-middle), zeros
    return np.maximum(-low, high) / np.float32(middle - 1), zeros


def _asymmetric(blocks: NDArray[np.float32], top: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The range covers zero, which must be a level: zero points are integers within the levels."""
    low, high = np.minimum(blocks.min(axis=1), 0), np.maximum(blocks.max(axis=1), 0)
    scales = (high - low) / np.float32(top)
    zeros = np.rint(-low / np.where(scales == 0, np.float32(1), scales))
    return scales, np.clip(zeros, 0, top)

"""Four bits with a floating-point minimum, the grid of GGUF's Q4_1: a file in that format is imported without loss.

MatMulNBits knows `scale * (level - zero)` with an integer zero, while Q4_1 has `scale * level + minimum`. What the
nearest integer zero leaves over, `rest = minimum + scale * zero`, is the same for a whole block, so

    y = W x = W4 x + sum over blocks of rest_b * sum(x in block b)

exactly. The rests become extra columns of the same matrix, four bits each, which multiply the means of x's blocks.
A block's rest is at most half a scale, and its own four bits leave a thirty-second of one: less than int8 would.
"""

import numpy as np
from numpy.typing import NDArray

from models.quantize import packing
from models.quantize.levels import Levels
from models.quantize.rtn import rtn

Floats = NDArray[np.float32]
_TOP = 15


def affine(blocks: Floats) -> tuple[Levels, Floats]:
    """Levels of `[n, block]` weights between their extremes, and the rest `[n]` to be added to each weight.

    Where the weights lie on such a grid already, the levels are those they came from.
    """
    low, high = blocks.min(axis=1), blocks.max(axis=1)
    scales = high / np.float32(_TOP) - low / np.float32(_TOP)  # high - low may overflow
    scales[scales < np.finfo(np.float32).tiny] = 0
    divisors = np.where(scales == 0, np.float32(1), scales)[:, None]
    levels = np.clip(np.rint((blocks - low[:, None]) / divisors), 0, _TOP)
    zeros, rests = rests_of(low, scales, _TOP)
    return Levels(levels.astype(np.uint8), scales, zeros), rests


def rests_of(low: Floats, scales: Floats, top: int) -> tuple[NDArray[np.uint8], Floats]:
    """The zero point, 0 to `top`, that makes level 0 nearest to the weight `low`, and what is left over; all `[n]`."""
    zeros = np.clip(np.rint(-low / np.where(scales == 0, np.float32(1), scales)), 0, top)
    rests: Floats = low + scales * zeros
    return zeros.astype(np.uint8), rests


def rest_columns(rests: Floats, block: int) -> tuple[NDArray[np.uint8], Floats, NDArray[np.uint8]]:
    """Rests `[n, K / block]` as packed blocks of their own: data, scales, zeros; the last block padded with zeros.

    They multiply means, not sums, of x's blocks: a mean is of the size of x itself, which int8 needs.
    """
    rows, count = rests.shape
    padded = np.pad(rests * np.float32(block), ((0, 0), (0, -count % block)))
    chosen = rtn(padded.reshape(-1, block), 4, symmetric=True)
    groups = padded.shape[1] // block
    data = packing.pack(chosen.levels, 4).reshape(rows, groups, block // 2)
    return data, chosen.scales.reshape(rows, groups), chosen.zeros.reshape(rows, groups)

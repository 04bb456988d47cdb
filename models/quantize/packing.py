"""Levels as bytes, as MatMulNBits lays them out: four-bit levels two a byte, the earlier one low."""

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]


def pack(levels: Bytes, bits: int) -> Bytes:
    """`[..., n]` levels to `[..., ceil(n * bits / 8)]` bytes; an odd level is followed by zero bits."""
    if bits == 8:  # noqa: PLR2004  a level is a byte
        return levels
    if levels.shape[-1] % 2:
        levels = np.concatenate([levels, np.zeros_like(levels[..., :1])], axis=-1)
    packed: Bytes = levels[..., 0::2] | (levels[..., 1::2] << np.uint8(4))
    return packed


def unpack(packed: Bytes, bits: int, count: int) -> Bytes:
    """The first `count` levels of the last axis."""
    if bits == 8:  # noqa: PLR2004  a level is a byte
        return packed
    levels = np.stack([packed & 15, packed >> 4], axis=-1).reshape(*packed.shape[:-1], -1)
    return levels[..., :count]

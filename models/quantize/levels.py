"""What a quantisation method answers: integer levels, and the scale and zero point of each block."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """`weight = (level - zero) * scale`, for `n` blocks of `block` weights."""

    levels: NDArray[np.uint8]
    """`[n, block]`, each from 0 to `2**bits - 1`."""
    scales: NDArray[np.float32]
    """`[n]`; may be negative, and is 0 for a block of zeros."""
    zeros: NDArray[np.uint8]
    """`[n]`."""


class Method(Protocol):
    """Chooses levels for blocks of finite float32 weights, `[n, block]`; equal blocks get equal levels."""

    def __call__(self, blocks: NDArray[np.float32], bits: int, *, symmetric: bool) -> Levels:
        """Quantise each block by itself."""
        ...

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

    def weights(self) -> NDArray[np.float32]:
        """What they stand for, `[n, block]`."""
        found: NDArray[np.float32] = np.subtract(self.levels, self.zeros[:, None], dtype=np.float32)
        return found * self.scales[:, None]


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """Levels, and with the affine form what is to be added to each weight of a block beside."""

    levels: Levels
    rests: NDArray[np.float32] | None = None
    """`[n]`."""


class Method(Protocol):
    """Chooses levels for blocks of finite float32 weights, `[n, block]`; equal blocks get equal levels."""

    def __call__(self, blocks: NDArray[np.float32], bits: int, *, symmetric: bool) -> Levels:
        """Quantise each block by itself."""
        ...

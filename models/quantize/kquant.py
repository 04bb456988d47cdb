"""Search for the scale and zero point of each block that leave the least weighted error.

The idea is that of llama.cpp's `make_qkx2_quants` and `make_qx_quants` (ggml/src/ggml-quants.c): try ranges
somewhat wider and narrower than the extremes ask for, round, then refit the scale to the levels found by
weighted least squares. Here the zero point stays an integer throughout, as MatMulNBits stores it. Large
weights count more: each by the block's root mean square plus its own magnitude.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.quantize.levels import Levels

Floats = NDArray[np.float32]

_STRETCHES: Final = (0.0, -1.2, -0.9, -0.6, -0.3, 0.3, 0.6, 0.9)
"""Levels by which the extremes miss the ends of the range; positive ones are cut off. First wins a tie."""


def kquant(blocks: Floats, bits: int, *, symmetric: bool) -> Levels:
    """Quantise each block of `[n, block]` with the best of the ranges tried."""
    magnitudes = np.abs(blocks).max(axis=1)
    units = np.where(magnitudes < np.finfo(np.float32).tiny, np.float32(np.inf), magnitudes)
    search = _Search(np.divide(blocks, units[:, None], dtype=np.float32), bits)
    for stretch in _STRETCHES:
        search.attempt(stretch, symmetric=symmetric)
    return search.best(np.where(np.isinf(units), np.float32(0), units))


class _Search:
    """The best levels so far, for weights between -1 and 1: their squares neither overflow nor vanish."""

    def __init__(self, blocks: Floats, bits: int) -> None:
        self._blocks, self._bits, self._top = blocks, bits, np.float32(2**bits - 1)
        self._importance = np.abs(blocks) + np.sqrt(np.square(blocks).mean(axis=1, keepdims=True))
        self._weighted = self._importance * blocks
        self._low, self._high = np.minimum(blocks.min(axis=1), 0), np.maximum(blocks.max(axis=1), 0)
        self._gains = np.zeros(len(blocks), np.float32)
        self._scales = np.zeros(len(blocks), np.float32)
        self._zeros = np.full(len(blocks), 2 ** (bits - 1), np.float32)
        self._steps = np.zeros_like(blocks)

    def attempt(self, stretch: float, *, symmetric: bool) -> None:
        """Round within a range `stretch` levels wider, refit, and keep the blocks this made better."""
        inverse, zeros = self._symmetric(stretch) if symmetric else self._asymmetric(stretch)
        steps = self._blocks * inverse[:, None]
        np.rint(steps, out=steps)
        np.clip(steps, -zeros[:, None], (self._top - zeros)[:, None], out=steps)
        # With the scale that fits these steps best, the error is what the weights have less this gain.
        fit = np.einsum("ij,ij->i", self._weighted, steps)
        norm = np.einsum("ij,ij,ij->i", self._importance, steps, steps)
        norm[norm == 0] = 1
        gains = fit * fit / norm
        better = gains > self._gains
        self._gains[better], self._zeros[better] = gains[better], zeros[better]
        self._scales[better] = (fit / norm)[better]
        self._steps[better] = steps[better]

    def best(self, units: Floats) -> Levels:
        """The levels kept; `units` brings scales back to the size of the weights."""
        levels = self._steps + self._zeros[:, None]
        return Levels(levels.astype(np.uint8), self._scales * units, self._zeros.astype(np.uint8))

    def _asymmetric(self, stretch: float) -> tuple[Floats, Floats]:
        spread = self._high - self._low
        spread[spread == 0] = 1
        inverse = (self._top + np.float32(stretch)) / spread
        return inverse, np.clip(np.rint(-self._low * inverse - np.float32(stretch / 2)), 0, self._top)

    def _symmetric(self, stretch: float) -> tuple[Floats, Floats]:
        """The extreme of larger magnitude lies on the side that has a level more."""
        middle = np.float32(2 ** (self._bits - 1))
        extreme = np.where(-self._low >= self._high, self._low, self._high)
        extreme[extreme == 0] = 1
        return -(middle + np.float32(stretch)) / extreme, np.full(len(extreme), middle, np.float32)

"""Which activations lose too much when they are rounded to eight bits, as MatMulNBits does where it computes in int8.

A block of activations shares one scale, set by the largest of them. Where that one is a thousand times the others, they
round to nothing. Most models have such values in a few places; a few tokens of them do no harm, many do. Knows numbers;
how they are measured is `models.calibrate`'s, evening channels out beforehand `models.smooth`'s.
"""

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
_LEVELS: Final = 127
_MOST_LOST: Final = 0.2
"""Mean share that rounding may take of a token's activations. What holds for the models measured is in ADR 12."""


def too_uneven(samples: Mapping[str, Array], scales: Mapping[str, Array], block: int) -> frozenset[str]:
    """Names of the activations `[tokens, K]` that lose more than may be; `scales` [K] divide some of them first."""
    return frozenset(name for name, lost in losses(samples, scales, block) if lost > _MOST_LOST)


def losses(
    samples: Mapping[str, Array], scales: Mapping[str, Array], block: int
) -> Iterator[tuple[str, float]]:
    """What rounding takes from each, in parts of what is left without the largest of every block."""
    for name, sample in samples.items():
        if block and sample.shape[1] % block == 0:  # else the quantiser refuses the matrix and says why
            yield name, share_lost(sample / scales[name] if name in scales else sample, block)


def share_lost(sample: Array, block: int) -> float:
    """Root mean square of the rounding error over that of the smaller activations, averaged over tokens."""
    blocks = np.abs(sample, dtype=np.float64).reshape(len(sample), -1, block)
    peaks = np.square(blocks.max(axis=2)).sum(axis=1)
    others = np.square(blocks).sum(axis=(1, 2)) - peaks
    noise = peaks * block / (12 * _LEVELS**2)  # of uniform rounding, a scale wide
    shares = np.sqrt(noise / np.maximum(others, np.finfo(np.float64).tiny))
    return float(np.minimum(shares, 1).mean())

"""How much of a matrix quantising lost: sums that add up over slabs, matrices and groups."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Loss:
    """Squares, summed over weights."""

    error: float = 0.0
    """Of what a weight and its stored value differ by."""
    size: float = 0.0
    """Of the weights themselves."""

    @classmethod
    def between(cls, weights: NDArray[np.float32], stored: NDArray[np.float32]) -> Self:
        """Of one array and what became of it."""
        return cls(_squares(weights - stored), _squares(weights))

    def __add__(self, other: "Loss") -> "Loss":
        return Loss(self.error + other.error, self.size + other.size)

    @property
    def relative(self) -> float:
        """Root mean square of the error in parts of that of the weights; 0.0 is lossless."""
        return float(np.sqrt(self.error / self.size)) if self.size else 0.0


def _squares(values: NDArray[np.float32]) -> float:
    return float(np.square(values, dtype=np.float64).sum())

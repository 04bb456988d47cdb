"""A checkpoint's weights behind another door, for tests that change some of them on the way."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from models.checkpoint import Weights


class Wrapped:
    """All of `weights`, unchanged; implements `models.checkpoint.Weights`."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights

    def __iter__(self) -> Iterator[str]:
        return iter(self.weights)

    def __contains__(self, name: object) -> bool:
        return name in list(self)

    def shape(self, name: str) -> tuple[int, ...]:
        """As in the checkpoint."""
        return self.weights.shape(name)

    def stored(self, name: str) -> str:
        """As in the checkpoint."""
        return self.weights.stored(name)

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        return self.weights[name]

"""The norms of a decoder: root mean square or mean and variance, of the stream, of a branch, of a head."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.arch.reading import Reader
from models.graph.blocks import add_layer_norm, add_rms_norm, layer_norm, rms_norm
from models.graph.builder import Graph, Value

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Norm:
    """One kind of norm, for all the places that have it."""

    epsilon: float
    kind: Literal["rms", "layer"] = "rms"
    """layer: mean and variance, with a bias (arXiv 1607.06450)."""
    offset: float = 0.0
    """Added to a weight as it is stored."""

    def scaled(self, multiplier: float) -> "Norm":
        """The norm of a stream kept divided by `multiplier`."""
        return replace(self, epsilon=self.epsilon / multiplier**2)

    def read(self, read: Reader, name: str, size: int, multiplier: float = 1.0) -> tuple[Array, Array | None]:
        """Weight and bias as they are applied, both times `multiplier`.

        Raises:
            WeightsError: one is missing, or of another shape.
        """
        weight = (read(f"{name}.weight", size) + np.float32(self.offset)) * np.float32(multiplier)
        bias = read.optional(f"{name}.bias", size, wanted=self.kind == "layer")
        return weight, None if bias is None else bias * np.float32(multiplier)

    def tensors(self, name: str) -> tuple[str, ...]:
        """What has to be divided to divide what the norm puts out; nothing if that cannot be said of tensors."""
        if self.offset:
            return ()
        return (f"{name}.weight",) if self.kind == "rms" else (f"{name}.weight", f"{name}.bias")

    def emit(self, graph: Graph, x: Value, weights: tuple[Array, Array | None]) -> Value:
        """Norm over the last axis."""
        weight, bias = weights
        if bias is None:
            return rms_norm(graph, x, weight, self.epsilon)
        return layer_norm(graph, x, weight, bias, self.epsilon)

    def add(
        self, graph: Graph, x: Value, residual: Value, weights: tuple[Array, Array | None]
    ) -> tuple[Value, Value]:
        """Norm of x + residual, and the sum."""
        weight, bias = weights
        if bias is None:
            return add_rms_norm(graph, x, residual, weight, self.epsilon)
        return add_layer_norm(graph, x, residual, weight, bias, self.epsilon)

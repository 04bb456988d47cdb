"""Linear layers, in float or in blocks of 4 or 8 bits.

Emits MatMulNBits directly: rewriting dequantise-multiply pairs afterwards has been seen to go wrong, and a missed
rewrite costs a factor of ten. What onnxruntime would run on its slow path was refused by the scheme before this.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.graph.builder import CONTRIB, Graph, Value
from models.quantize import FP32, Quantized, Scheme, quantize
from models.quantize.loss import Loss

Array = NDArray[np.float32]


def linear(graph: Graph, x: Value, weight: Array, scheme: Scheme, bias: Array | None = None) -> Value:
    """`x @ weight.T + bias`; x is [..., K], weight [N, K] as PyTorch has it."""
    name = graph.name("weight")
    spared = graph.tap_input(x, name) in scheme.spared
    extra = None if bias is None else graph.weight("bias", bias)
    q = quantize(weight, scheme, name=name) if scheme.quantized else None
    # Without int8, eight-bit weights run on the slow path, and the means of outliers magnify what their columns lost.
    if q is None or (spared and (q.scheme.bits == 8 or q.means)):  # noqa: PLR2004  a scheme's bits
        graph.ledger.add(name, scheme, FP32, Loss(), spared=spared)
        (out,) = graph.op("MatMul", x, graph.weight("weight", weight.T))
        return out if extra is None else graph.op("Add", out, extra)[0]
    graph.ledger.add(name, scheme, q.scheme, q.loss, spared=spared)
    if q.means:
        x = _with_block_means(graph, x, scheme.block)
    packed = graph.weight("weight", q.data)
    return matmul_nbits(graph, x, packed, Blocks.of(graph, q), extra, rounding=not spared)


def _with_block_means(graph: Graph, x: Value, block: int) -> Value:
    """[B, S, K] to [B, S, K + K / block]: the means of x's blocks behind x (`models.quantize.affine` says why)."""
    (means,) = graph.op("AveragePool", x, kernel_shape=(block,), strides=(block,))
    return graph.op("Concat", x, means, axis=-1)[0]


@dataclass(frozen=True, slots=True)
class Blocks:
    """What goes with packed levels of a matrix."""

    scales: Value
    zeros: Value | None
    shape: tuple[int, int]
    """N, and K with whatever columns stand behind."""
    scheme: Scheme

    @classmethod
    def of(cls, graph: Graph, q: Quantized) -> Self:
        """Store scales and zero points."""
        return cls.of_first(graph, q, (q.shape[0],))[0]

    @classmethod
    def of_first(cls, graph: Graph, q: Quantized, counts: Sequence[int]) -> tuple[Self, ...]:
        """The same, stored once, as they go with the first so many rows of the matrix."""
        scales = graph.weight_views("scales", q.scales, _heads(q.scales, counts))
        zeros: Sequence[Value | None] = (
            [None] * len(counts)
            if q.zero_points is None
            else graph.weight_views("zero_points", q.zero_points, _heads(q.zero_points, counts))
        )
        columns = q.shape[1] + q.means
        return tuple(
            cls(scale, zero, (count, columns), q.scheme)
            for scale, zero, count in zip(scales, zeros, counts, strict=True)
        )


def _heads(array: NDArray[np.generic], counts: Sequence[int]) -> list[tuple[int, ...]]:
    """Shapes of the first so many rows."""
    return [(count, *array.shape[1:]) for count in counts]


def matmul_nbits(
    graph: Graph, x: Value, packed: Value, blocks: Blocks, bias: Value | None, *, rounding: bool = True
) -> Value:
    """With `rounding`, x is rounded to eight bits, which is faster."""
    inputs = [x, packed, blocks.scales, blocks.zeros, None, bias]
    while inputs[-1] is None:
        inputs.pop()
    return graph.op(
        "MatMulNBits",
        *inputs,
        domain=CONTRIB,
        N=blocks.shape[0],
        K=blocks.shape[1],
        bits=blocks.scheme.bits,
        block_size=blocks.scheme.block,
        accuracy_level=blocks.scheme.accuracy_level if rounding else 0,
    )[0]

"""Linear layers and the embedding table, in float or in blocks of 4 or 8 bits.

Emits MatMulNBits directly: rewriting dequantise-multiply pairs afterwards has been seen to go wrong, and a missed
rewrite costs a factor of ten. What onnxruntime would run on its slow path was refused by the scheme before this.
"""

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
    return _matmul_nbits(graph, x, packed, _Blocks.of(graph, q), extra, rounding=not spared)


def _with_block_means(graph: Graph, x: Value, block: int) -> Value:
    """[B, S, K] to [B, S, K + K / block]: the means of x's blocks behind x (`models.quantize.affine` says why)."""
    (means,) = graph.op("AveragePool", x, kernel_shape=(block,), strides=(block,))
    return graph.op("Concat", x, means, axis=-1)[0]


@dataclass(frozen=True, slots=True)
class _Blocks:
    """What goes with packed levels."""

    scales: Value
    zeros: Value | None
    shape: tuple[int, int]
    """N, and K with whatever columns stand behind."""
    scheme: Scheme

    @classmethod
    def of(cls, graph: Graph, q: Quantized) -> Self:
        """Store scales and zero points."""
        scales = graph.weight("scales", q.scales)
        zeros = None if q.zero_points is None else graph.weight("zero_points", q.zero_points)
        return cls(scales, zeros, (q.shape[0], q.shape[1] + q.means), q.scheme)


@dataclass(frozen=True, slots=True)
class Table:
    """A vocabulary's vectors, to look tokens up, to score them, or (tied) for both; stored once."""

    rows: Value | None
    """For looking up, as GatherBlockQuantized or Gather reads it: [V, bytes] or [V, H]."""
    packed: Value | None
    """For scoring, as MatMulNBits reads it: [V, H / block, bytes], the same bytes. In float, the same value."""
    blocks: _Blocks | None
    """None in float."""


def table(graph: Graph, weight: Array, scheme: Scheme, *, looks_up: bool, scores: bool) -> Table:
    """Store a [V, H] table for what it is used for."""
    name = graph.name("weight")
    if not scheme.quantized:
        graph.ledger.add(name, scheme, scheme, Loss())
        value = graph.weight("weight", weight)
        return Table(value, value, None)
    q = quantize(weight, scheme, name=name)
    graph.ledger.add(name, scheme, q.scheme, q.loss)
    if q.means:
        raise RuntimeError("a table has no input whose means could be taken; its scheme allows no such form")
    shapes = [(q.shape[0], q.data[0].size)] * looks_up + [q.data.shape] * scores
    views = graph.weight_views("weight", q.data, shapes)
    return Table(views[0] if looks_up else None, views[-1] if scores else None, _Blocks.of(graph, q))


def embed(graph: Graph, ids: Value, vectors: Table) -> Value:
    """Rows of the table: [B, S] ids to [B, S, H]."""
    if vectors.rows is None:
        raise RuntimeError("this table was not stored for looking up")
    if vectors.blocks is None:
        return graph.op("Gather", vectors.rows, ids, axis=0)[0]
    return graph.op(
        "GatherBlockQuantized",
        vectors.rows,
        ids,
        vectors.blocks.scales,
        vectors.blocks.zeros,
        domain=CONTRIB,
        bits=vectors.blocks.scheme.bits,
        block_size=vectors.blocks.scheme.block,
        gather_axis=0,
        quantize_axis=1,
    )[0]


def head(graph: Graph, x: Value, vectors: Table, bias: Array | None = None) -> Value:
    """Score every token: [B, n, H] to [B, n, V]; bias is [V]."""
    if vectors.packed is None:
        raise RuntimeError("this table was not stored for scoring")
    extra = None if bias is None else graph.weight("bias", bias)
    if vectors.blocks is None:
        (out,) = graph.op("FusedMatMul", x, vectors.packed, domain=CONTRIB, transB=1)
        return out if extra is None else graph.op("Add", out, extra)[0]
    return _matmul_nbits(graph, x, vectors.packed, vectors.blocks, extra)


def _matmul_nbits(
    graph: Graph, x: Value, packed: Value, blocks: _Blocks, bias: Value | None, *, rounding: bool = True
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

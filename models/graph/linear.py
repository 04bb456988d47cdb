"""Linear layers and the embedding table, in float or in blocks of 4 or 8 bits.

Emits MatMulNBits directly: rewriting dequantise-multiply pairs afterwards has been seen to go wrong, and a missed
rewrite costs a factor of ten. What onnxruntime would run on its slow path was refused by the scheme before this.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.graph.builder import CONTRIB, Graph, Value
from models.quantize import Scheme, quantize

Array = NDArray[np.float32]


def linear(graph: Graph, x: Value, weight: Array, scheme: Scheme, bias: Array | None = None) -> Value:
    """`x @ weight.T + bias`; x is [..., K], weight [N, K] as PyTorch has it."""
    extra = None if bias is None else graph.weight("bias", bias)
    if not scheme.quantized:
        (out,) = graph.op("MatMul", x, graph.weight("weight", weight.T))
        return out if extra is None else graph.op("Add", out, extra)[0]
    q = quantize(weight, scheme, name=graph.name("weight"))
    packed = graph.weight("weight", q.data)
    scales = graph.weight("scales", q.scales)
    zeros = None if q.zero_points is None else graph.weight("zero_points", q.zero_points)
    if q.means:
        x = _with_block_means(graph, x, scheme.block)
    shape = (weight.shape[0], weight.shape[1] + q.means)
    return _matmul_nbits(graph, x, packed, scales, zeros, shape, scheme, extra)


def _with_block_means(graph: Graph, x: Value, block: int) -> Value:
    """[B, S, K] to [B, S, K + K / block]: the means of x's blocks behind x (`models.quantize.affine` says why)."""
    (means,) = graph.op("AveragePool", x, kernel_shape=(block,), strides=(block,))
    return graph.op("Concat", x, means, axis=-1)[0]


@dataclass(frozen=True, slots=True)
class Table:
    """A vocabulary's vectors, to look tokens up, to score them, or (tied) for both; stored once."""

    rows: Value | None
    """For looking up, as GatherBlockQuantized or Gather reads it: [V, bytes] or [V, H]."""
    blocks: Value | None
    """For scoring, as MatMulNBits reads it: [V, H / block, bytes], the same bytes. In float, the same value."""
    scales: Value | None
    zeros: Value | None
    shape: tuple[int, int]
    scheme: Scheme


def table(graph: Graph, weight: Array, scheme: Scheme, *, looks_up: bool, scores: bool) -> Table:
    """Store a [V, H] table for what it is used for."""
    shape = (weight.shape[0], weight.shape[1])
    if not scheme.quantized:
        value = graph.weight("weight", weight)
        return Table(value, value, None, None, shape, scheme)
    q = quantize(weight, scheme, name=graph.name("weight"))
    shapes = [(shape[0], q.data[0].size)] * looks_up + [q.data.shape] * scores
    views = graph.weight_views("weight", q.data, shapes)
    scales = graph.weight("scales", q.scales)
    zeros = None if q.zero_points is None else graph.weight("zero_points", q.zero_points)
    rows, blocks = views[0] if looks_up else None, views[-1] if scores else None
    return Table(rows, blocks, scales, zeros, shape, scheme)


def embed(graph: Graph, ids: Value, vectors: Table) -> Value:
    """Rows of the table: [B, S] ids to [B, S, H]."""
    if vectors.rows is None:
        raise RuntimeError("this table was not stored for looking up")
    if vectors.scales is None:
        return graph.op("Gather", vectors.rows, ids, axis=0)[0]
    return graph.op(
        "GatherBlockQuantized",
        vectors.rows,
        ids,
        vectors.scales,
        vectors.zeros,
        domain=CONTRIB,
        bits=vectors.scheme.bits,
        block_size=vectors.scheme.block,
        gather_axis=0,
        quantize_axis=1,
    )[0]


def head(graph: Graph, x: Value, vectors: Table, bias: Array | None = None) -> Value:
    """Score every token: [B, n, H] to [B, n, V]; bias is [V]."""
    if vectors.blocks is None:
        raise RuntimeError("this table was not stored for scoring")
    extra = None if bias is None else graph.weight("bias", bias)
    if vectors.scales is None:
        (out,) = graph.op("FusedMatMul", x, vectors.blocks, domain=CONTRIB, transB=1)
        return out if extra is None else graph.op("Add", out, extra)[0]
    return _matmul_nbits(
        graph, x, vectors.blocks, vectors.scales, vectors.zeros, vectors.shape, vectors.scheme, extra
    )


def _matmul_nbits(
    graph: Graph,
    x: Value,
    packed: Value,
    scales: Value,
    zeros: Value | None,
    shape: tuple[int, ...],
    scheme: Scheme,
    bias: Value | None,
) -> Value:
    inputs = [x, packed, scales, zeros, None, bias]
    while inputs[-1] is None:
        inputs.pop()
    return graph.op(
        "MatMulNBits",
        *inputs,
        domain=CONTRIB,
        N=shape[0],
        K=shape[1],
        bits=scheme.bits,
        block_size=scheme.block,
        accuracy_level=scheme.accuracy_level,
    )[0]

"""A vocabulary's vectors: a table to look tokens up in, and to score all of them by, or few.

A tied table is stored once and seen under two shapes. The rarer tokens may be scored by fewer bits than the table has:
tokens are numbered in the order in which a tokenizer learnt them, the most frequent first, and an error in a logit
counts by the probability that it has. Their vectors are then stored twice, and only these are read at each step.
"""

from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.graph.builder import CONTRIB, Graph, Value
from models.graph.linear import Blocks, matmul_nbits
from models.quantize import Quantized, Scheme, quantize
from models.quantize.loss import Loss

Array = NDArray[np.float32]

_PARTS = ("", "rare")
"""Scopes of a head's parts."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Vectors that can be looked up, as GatherBlockQuantized or Gather reads them."""

    value: Value
    """[rows, bytes], or in float [rows, H]."""
    blocks: Blocks | None
    """None in float."""

    def emit(self, graph: Graph, places: Value) -> Value:
        """Those at these places, of any shape, to that and [H]."""
        if self.blocks is None:
            return graph.op("Gather", self.value, places, axis=0)[0]
        return graph.op(
            "GatherBlockQuantized",
            self.value,
            places,
            self.blocks.scales,
            self.blocks.zeros,
            domain=CONTRIB,
            bits=self.blocks.scheme.bits,
            block_size=self.blocks.scheme.block,
            gather_axis=0,
            quantize_axis=1,
        )[0]


@dataclass(frozen=True, slots=True)
class _Scored:
    """Some of the vocabulary, as MatMulNBits reads it."""

    packed: Value
    """[rows, H / block, bytes]."""
    blocks: Blocks
    rows: _Rows
    """The same, and perhaps more behind them, to be looked up."""

    @property
    def count(self) -> int:
        """How many tokens."""
        return self.blocks.shape[0]


@dataclass(frozen=True, slots=True)
class Table:
    """A vocabulary's vectors as they were stored: for looking up, for scoring, or for both."""

    rows: _Rows
    """Of the whole vocabulary where it was stored to be looked up; in float for scoring, too."""
    scored: tuple[_Scored, ...] = ()
    """For scoring, one part of the vocabulary after the other; none in float."""


def table(
    graph: Graph, weight: Array, scheme: Scheme, *, looks_up: bool, scores: bool, rare: Scheme | None = None
) -> Table:
    """Store a [V, H] table for what it is used for; `rare` is how its second half is scored, if otherwise."""
    if not scheme.quantized:
        graph.ledger.add(graph.name("weight"), scheme, scheme, Loss())
        return Table(_Rows(graph.weight("weight", weight), None))
    split = scores and rare is not None
    common = -(-len(weight) // 2) if split else len(weight)
    q = _quantized(graph, weight if looks_up else weight[:common], scheme)
    row = q.data[0]
    views = graph.weight_views("weight", q.data, [(q.shape[0], row.size)] + [(common, *row.shape)] * scores)
    counts = (q.shape[0],) if common == q.shape[0] else (q.shape[0], common)
    blocks = Blocks.of_first(graph, q, counts)
    rows = _Rows(views[0], blocks[0])
    scored = [_Scored(views[-1], blocks[-1], rows)] if scores else []
    if scores and rare is not None:
        with graph.scope("rare"):
            scored.append(_rare(graph, weight[common:], rare))
    return Table(rows, tuple(scored))


def _rare(graph: Graph, weight: Array, scheme: Scheme) -> _Scored:
    q = _quantized(graph, weight, scheme)
    row, blocks = q.data[0], Blocks.of(graph, q)
    packed, rows = graph.weight_views("weight", q.data, [q.data.shape, (q.shape[0], row.size)])
    return _Scored(packed, blocks, _Rows(rows, blocks))


def _quantized(graph: Graph, weight: Array, scheme: Scheme) -> Quantized:
    name = graph.name("weight")
    q = quantize(weight, scheme, name=name)
    graph.ledger.add(name, scheme, q.scheme, q.loss)
    if q.means:
        raise RuntimeError("a table has no input whose means could be taken; its scheme allows no such form")
    return q


def embed(graph: Graph, ids: Value, vectors: Table) -> Value:
    """Rows of the table: [B, S] ids to [B, S, H]."""
    return vectors.rows.emit(graph, ids)


def head(graph: Graph, x: Value, vectors: Table, bias: Array | None = None) -> Value:
    """Score every token: [B, n, H] to [B, n, V]; bias is [V]."""
    if vectors.rows.blocks is None:
        return _products(graph, x, vectors.rows.value, None if bias is None else graph.weight("bias", bias))
    if not vectors.scored:
        raise RuntimeError("this table was not stored for scoring")
    outs, first = [], 0
    for part, name in zip(vectors.scored, _PARTS, strict=False):
        last = first + part.count
        with graph.scope(name) if name else nullcontext():
            extra = None if bias is None else graph.weight("bias", bias[first:last])
            outs.append(matmul_nbits(graph, x, part.packed, part.blocks, extra))
        first = last
    return outs[0] if len(outs) == 1 else graph.op("Concat", *outs, axis=-1)[0]


def few(graph: Graph, x: Value, ids: Value, vectors: Table, bias: Array | None = None) -> Value:
    """Score these tokens as `head` does, reading their rows alone: [B, n, H] and [k] to [B, n, k]; bias is [V].

    The same to the last digits, in which a sum differs by its order: x is rounded as MatMulNBits rounds it.
    """
    extra = None
    if bias is not None:
        with graph.scope("bias"):
            (extra,) = graph.op("Gather", graph.weight("bias", bias), ids, axis=0)
    if not vectors.scored:
        with graph.scope("rows"):
            rows = vectors.rows.emit(graph, ids)
        return _products(graph, x, rows, extra)
    if len(vectors.scored) == 1:
        return _few_of(graph, x, ids, vectors.scored[0], extra)
    common, rare = vectors.scored
    with graph.scope("common"):
        (place,) = graph.op("Min", ids, graph.constant(common.count - 1))
        frequent = _few_of(graph, x, place, common, extra)
    with graph.scope("rare"):
        (behind,) = graph.op("Sub", ids, graph.constant(common.count))
        (place,) = graph.op("Max", behind, graph.constant(0))
        others = _few_of(graph, x, place, rare, extra)
    (is_common,) = graph.op("Less", ids, graph.constant(common.count))
    return graph.op("Where", is_common, frequent, others)[0]


def _few_of(graph: Graph, x: Value, places: Value, part: _Scored, bias: Value | None) -> Value:
    rounded = _rounded(graph, x, part.blocks)
    with graph.scope("rows"):
        rows = part.rows.emit(graph, places)
    return _products(graph, rounded, rows, bias)


def _products(graph: Graph, x: Value, rows: Value, bias: Value | None) -> Value:
    (out,) = graph.op("FusedMatMul", x, rows, domain=CONTRIB, transB=1)
    return out if bias is None else graph.op("Add", out, bias)[0]


def _rounded(graph: Graph, x: Value, blocks: Blocks) -> Value:
    """[B, n, K] to the eight bits of MatMulNBits at accuracy level 4: a block's largest is 127 steps from zero.

    onnxruntime, core/mlas, QuantizeARow of the CompInt8 kernels.
    """
    width, block = blocks.shape[1], blocks.scheme.block
    with graph.scope("blocks"):
        (parts,) = graph.op("Reshape", x, graph.constant(0, 0, width // block, block))
        (sizes,) = graph.op("Abs", parts)
        (largest,) = graph.op("ReduceMax", sizes, graph.constant(-1), keepdims=1)
        (positive,) = graph.op("Max", largest, graph.weight("least", np.array(1e-30, np.float32)))
        (step,) = graph.op("Mul", positive, graph.weight("share", np.array(1 / 127, np.float32)))
        (steps,) = graph.op("Div", parts, step)
        (whole,) = graph.op("Round", steps)
    with graph.scope("rounded"):
        (again,) = graph.op("Mul", whole, step)
        return graph.op("Reshape", again, graph.constant(0, 0, width))[0]

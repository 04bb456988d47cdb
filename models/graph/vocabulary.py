"""A vocabulary's vectors: a table to look tokens up in, and to score them by.

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


@dataclass(frozen=True, slots=True)
class _Scored:
    """Some of the rows, as MatMulNBits reads them."""

    packed: Value
    """[rows, H / block, bytes]."""
    blocks: Blocks


@dataclass(frozen=True, slots=True)
class Table:
    """A vocabulary's vectors as they were stored: for looking up, for scoring, or for both."""

    rows: Value | None
    """For looking up, as GatherBlockQuantized or Gather reads it: [V, bytes] or [V, H]. In float, for scoring too."""
    blocks: Blocks | None
    """What goes with `rows`; None in float."""
    scored: tuple[_Scored, ...] = ()
    """For scoring, one part of the vocabulary after the other; none in float."""


def table(
    graph: Graph, weight: Array, scheme: Scheme, *, looks_up: bool, scores: bool, rare: Scheme | None = None
) -> Table:
    """Store a [V, H] table for what it is used for; `rare` is how its second half is scored, if otherwise."""
    if not scheme.quantized:
        graph.ledger.add(graph.name("weight"), scheme, scheme, Loss())
        return Table(graph.weight("weight", weight), None)
    split = scores and rare is not None
    common = -(-len(weight) // 2) if split else len(weight)
    q = _quantized(graph, weight if looks_up else weight[:common], scheme)
    row = q.data[0]
    shapes = [(q.shape[0], row.size)] * looks_up + [(common, *row.shape)] * scores
    views = graph.weight_views("weight", q.data, shapes)
    counts = (q.shape[0],) if common == q.shape[0] else (q.shape[0], common)
    blocks = Blocks.of_first(graph, q, counts)
    scored = [_Scored(views[-1], blocks[-1])] if scores else []
    if scores and rare is not None:
        with graph.scope("rare"):
            q = _quantized(graph, weight[common:], rare)
            scored.append(_Scored(graph.weight("weight", q.data), Blocks.of(graph, q)))
    return Table(views[0] if looks_up else None, blocks[0], tuple(scored))


def _quantized(graph: Graph, weight: Array, scheme: Scheme) -> Quantized:
    name = graph.name("weight")
    q = quantize(weight, scheme, name=name)
    graph.ledger.add(name, scheme, q.scheme, q.loss)
    if q.means:
        raise RuntimeError("a table has no input whose means could be taken; its scheme allows no such form")
    return q


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
    if vectors.blocks is None:
        if vectors.rows is None:
            raise RuntimeError("this table was not stored for scoring")
        (out,) = graph.op("FusedMatMul", x, vectors.rows, domain=CONTRIB, transB=1)
        return out if bias is None else graph.op("Add", out, graph.weight("bias", bias))[0]
    if not vectors.scored:
        raise RuntimeError("this table was not stored for scoring")
    outs, first = [], 0
    for part, name in zip(vectors.scored, ("", "rare"), strict=False):
        last = first + part.blocks.shape[0]
        with graph.scope(name) if name else nullcontext():
            extra = None if bias is None else graph.weight("bias", bias[first:last])
            outs.append(matmul_nbits(graph, x, part.packed, part.blocks, extra))
        first = last
    return outs[0] if len(outs) == 1 else graph.op("Concat", *outs, axis=-1)[0]

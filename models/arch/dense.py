"""The decoder that most small models are: norm, rotary attention, norm, gated feed-forward, over and over.

An architecture says by `Dense` in what it differs; everything is emitted here. Multipliers cost nothing when running:
the residual stream
is kept divided by the embedding's multiplier, which the norms undo, and the rest folds into weights.
"""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from models.arch.reading import Reader
from models.checkpoint import Weights
from models.errors import ArchitectureError
from models.graph import rotary
from models.graph.blocks import (
    Heads,
    Steps,
    add_rms_norm,
    attention,
    gated_mlp,
    head_norm,
    kv_cache,
    rms_norm,
    step_inputs,
)
from models.graph.builder import Graph, Value
from models.graph.linear import embed, head, linear, table
from models.manifest import CacheSpec
from models.quantize import Recipe
from models.smooth import Fold

Array = NDArray[np.float32]
T = TypeVar("T", Array, Array | None)


@dataclass(frozen=True, slots=True)
class Dense:
    """A dense pre-norm decoder in all that graph and weights need to know."""

    family: str
    vocabulary: int
    hidden: int
    intermediate: int
    layers: int
    heads: Heads
    epsilon: float
    context: int
    frequencies: NDArray[np.float64]
    """Rotary angle a position for each pair of a head (`models.graph.rotary`)."""
    tied: bool
    attention_scale: float | None = None
    """None: one over the square root of a head's size."""
    qkv_bias: bool = False
    output_bias: bool = False
    mlp_bias: bool = False
    qk_norm: bool = False
    """Each head of q and k is normed before rotary."""
    unrotated: frozenset[int] = frozenset()
    """Layers without rotary positions."""
    embedding_multiplier: float = 1.0
    residual_multiplier: float = 1.0
    logits_divisor: float = 1.0

    def check(self) -> None:
        """Raise ArchitectureError when the heads do not fit together."""
        heads = self.heads
        if not heads.size or heads.size % 2 or not heads.kv or heads.query % heads.kv:
            raise ArchitectureError(f"{heads.query} query and {heads.kv} kv heads of {heads.size} do not fit")

    @property
    def branch(self) -> float:
        """What attention and feed-forward are multiplied by before they join the stream."""
        return self.residual_multiplier / self.embedding_multiplier

    @property
    def norm_epsilon(self) -> float:
        """Epsilon for a stream that is smaller by the embedding's multiplier."""
        return self.epsilon / self.embedding_multiplier**2


def folds(dense: Dense) -> tuple[Fold, ...]:
    """Activations that can be evened out: what the norms put out, and what goes into `down`."""
    found = []
    for layer in range(dense.layers):
        name = f"model.layers.{layer}"
        attention_norm, mlp_norm = f"{name}.input_layernorm", f"{name}.post_attention_layernorm"
        projections = tuple(f"{name}.self_attn.{p}_proj.weight" for p in ("q", "k", "v"))
        gates = tuple(f"{name}.mlp.{p}_proj.weight" for p in ("gate", "up"))
        up = (f"{name}.mlp.up_proj.weight", *((f"{name}.mlp.up_proj.bias",) if dense.mlp_bias else ()))
        found.append(Fold(attention_norm, (f"{attention_norm}.weight",), projections))
        found.append(Fold(mlp_norm, (f"{mlp_norm}.weight",), gates))
        found.append(Fold(f"{name}.mlp.down_proj", up, (f"{name}.mlp.down_proj.weight",)))
    return tuple(found)


def build(graph: Graph, dense: Dense, weights: Weights, recipe: Recipe) -> tuple[CacheSpec, ...]:
    """Emit the whole decoder: ids in, logits at the asked positions out.

    Raises:
        WeightsError: a tensor is missing, extra, or of another shape than the configuration says.
    """
    read = Reader(weights, dense.family)
    shape = (dense.vocabulary, dense.hidden)
    ids = graph.input("input_ids", "int64", ("batch", "sequence"))
    steps = step_inputs(graph, *rotary.tables(dense.frequencies, dense.context))
    positions = graph.input("logit_positions", "int64", ("asked",))
    with graph.scope("embedding"):
        weight = read("model.embed_tokens.weight", *shape)
        vectors = table(graph, weight, recipe.embedding, looks_up=True, scores=dense.tied)
        x = embed(graph, ids, vectors)
    caches = tuple(kv_cache(layer, dense.heads) for layer in range(dense.layers))
    layers = _Layers(graph, dense, steps, read, recipe)
    residual: Value | None = None
    for cache in caches:
        with graph.scope(f"layers.{cache.layer}"):
            x, residual = layers.emit(x, residual, cache)
    with graph.scope("norm"):
        final = read("model.norm.weight", dense.hidden) / np.float32(dense.logits_divisor)
        normed, _ = layers.norm(x, residual, final)
    with graph.scope("head"):
        (asked,) = graph.op("Gather", normed, positions, axis=1)
        if not dense.tied:
            vectors = table(graph, read("lm_head.weight", *shape), recipe.head, looks_up=False, scores=True)
        logits = head(graph, asked, vectors)
    graph.output(logits, "logits", "float32", ("batch", "asked", dense.vocabulary))
    read.refuse_rest(tied=dense.tied)
    return caches


@dataclass(frozen=True, slots=True)
class _Layers:
    """What every layer is emitted from."""

    graph: Graph
    dense: Dense
    steps: Steps
    read: Reader
    recipe: Recipe

    def norm(self, x: Value, residual: Value | None, weight: Array) -> tuple[Value, Value]:
        """Norm of the stream so far, and the stream itself."""
        if residual is None:
            return rms_norm(self.graph, x, weight, self.dense.norm_epsilon), x
        return add_rms_norm(self.graph, x, residual, weight, self.dense.norm_epsilon)

    def emit(self, x: Value, residual: Value | None, cache: CacheSpec) -> tuple[Value, Value]:
        """One layer: what it adds to the stream, and the stream before that."""
        graph, hidden = self.graph, self.dense.hidden
        prefix = f"model.layers.{cache.layer}"
        with graph.scope("attention_norm"):
            weight = self.read(f"{prefix}.input_layernorm.weight", hidden)
            normed, residual = self.norm(x, residual, weight)
            graph.tap(f"{prefix}.input_layernorm", normed)
        with graph.scope("attention"):
            attended = self._attention(normed, cache, f"{prefix}.self_attn")
        with graph.scope("mlp_norm"):
            weight = self.read(f"{prefix}.post_attention_layernorm.weight", hidden)
            normed, residual = self.norm(attended, residual, weight)
            graph.tap(f"{prefix}.post_attention_layernorm", normed)
        with graph.scope("mlp"):
            return self._mlp(normed, f"{prefix}.mlp"), residual

    def _attention(self, x: Value, cache: CacheSpec, prefix: str) -> Value:
        dense, heads = self.dense, self.dense.heads
        rows = {"q": heads.query * heads.size, "k": heads.kv * heads.size, "v": heads.kv * heads.size}
        with self.graph.scope("qkv"):
            packed = np.concatenate(
                [self.read(f"{prefix}.{p}_proj.weight", n, dense.hidden) for p, n in rows.items()]
            )
            bias = None
            if dense.qkv_bias:
                bias = np.concatenate([self.read(f"{prefix}.{p}_proj.bias", n) for p, n in rows.items()])
            qkv = linear(self.graph, x, packed, self.recipe.attention, bias)
        parts = (qkv, None, None) if not dense.qk_norm else self._normed_heads(qkv, prefix)
        rotated = cache.layer not in dense.unrotated
        out = attention(self.graph, parts, cache, heads, self.steps, dense.attention_scale, rotary=rotated)
        with self.graph.scope("output"):
            weight = self.read(f"{prefix}.o_proj.weight", dense.hidden, rows["q"])
            bias = self.read.optional(f"{prefix}.o_proj.bias", dense.hidden, wanted=dense.output_bias)
            return linear(self.graph, out, self._branch(weight), self.recipe.attention, self._branch(bias))

    def _branch(self, tensor: T) -> T:
        """What ends a branch, in the measure of the stream it joins."""
        return tensor if tensor is None else tensor * np.float32(self.dense.branch)

    def _normed_heads(self, qkv: Value, prefix: str) -> tuple[Value, Value, Value]:
        """Queries and keys normed head by head, values as they are; no CPU kernel does this inside attention."""
        heads, graph = self.dense.heads, self.graph
        sizes = (heads.query * heads.size, heads.kv * heads.size, heads.kv * heads.size)
        q, k, v = graph.op("Split", qkv, graph.constant(*sizes), outputs=("q", "k", "v"), axis=-1)
        with graph.scope("q_norm"):
            weight = self.read(f"{prefix}.q_norm.weight", heads.size)
            q = head_norm(graph, q, heads.query, weight, self.dense.epsilon)
        with graph.scope("k_norm"):
            weight = self.read(f"{prefix}.k_norm.weight", heads.size)
            k = head_norm(graph, k, heads.kv, weight, self.dense.epsilon)
        return q, k, v

    def _mlp(self, x: Value, prefix: str) -> Value:
        dense, hidden, wide = self.dense, self.dense.hidden, self.dense.intermediate
        merged = None
        if dense.mlp_bias:
            merged = np.concatenate([self.read(f"{prefix}.{p}_proj.bias", wide) for p in ("gate", "up")])
        gate = self.read(f"{prefix}.gate_proj.weight", wide, hidden)
        up = self.read(f"{prefix}.up_proj.weight", wide, hidden)
        down = self.read(f"{prefix}.down_proj.weight", hidden, wide)
        bias = self.read.optional(f"{prefix}.down_proj.bias", hidden, wanted=dense.mlp_bias)
        weights, biases = (gate, up, self._branch(down)), (merged, self._branch(bias))
        return gated_mlp(self.graph, x, weights, self.recipe.mlp, biases, tap=f"{prefix}.down_proj")

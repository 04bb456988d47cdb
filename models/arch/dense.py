"""The decoder that most small models are: norm, rotary attention, norm, gated feed-forward, over and over.

An architecture says by `Dense` in what it differs; everything is emitted here. Multipliers cost nothing when running:
the residual stream is kept divided by the embedding's multiplier, which the norms undo; the rest folds into weights.
"""

from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.arch.reading import Reader
from models.checkpoint import Weights
from models.errors import ArchitectureError
from models.graph import rotary
from models.graph.blocks import (
    Activation,
    Heads,
    Rotary,
    Steps,
    add_rms_norm,
    attention,
    gated_mlp,
    head_norm,
    kv_cache,
    rms_norm,
    rotary_tables,
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
class Local:
    """Layers that see a window of the tokens only."""

    layers: frozenset[int]
    window: int
    frequencies: NDArray[np.float64]


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
    qk_norm: Literal["", "head", "whole"] = ""
    """Queries and keys are normed before rotary: each head by itself, or all heads of a token together."""
    pre_norms: tuple[str, str] | None = ("input_layernorm", "post_attention_layernorm")
    """Names of the norms before attention and before the feed-forward."""
    post_norms: tuple[str, str] | None = None
    """Names of the norms of what attention and feed-forward put out."""
    norm_offset: float = 0.0
    """Added to every norm's weight as it is stored."""
    activation: Activation = "silu"
    unrotated: frozenset[int] = frozenset()
    """Layers without rotary positions."""
    local: Local | None = None
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
        projections = tuple(f"{name}.self_attn.{p}_proj.weight" for p in ("q", "k", "v"))
        gates = tuple(f"{name}.mlp.{p}_proj.weight" for p in ("gate", "up"))
        up = (f"{name}.mlp.up_proj.weight", *((f"{name}.mlp.up_proj.bias",) if dense.mlp_bias else ()))
        if dense.pre_norms and not dense.norm_offset:  # an offset is not divided with the weight
            for norm, consumers in zip(dense.pre_norms, (projections, gates), strict=True):
                found.append(Fold(f"{name}.{norm}", (f"{name}.{norm}.weight",), consumers))
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
    steps = step_inputs(graph)
    everywhere = rotary_tables(graph, *rotary.tables(dense.frequencies, dense.context))
    locally = None
    if dense.local:
        with graph.scope("local"):
            locally = rotary_tables(graph, *rotary.tables(dense.local.frequencies, dense.context))
    positions = graph.input("logit_positions", "int64", ("asked",))
    with graph.scope("embedding"):
        weight = read("model.embed_tokens.weight", *shape)
        vectors = table(graph, weight, recipe.embedding, looks_up=True, scores=dense.tied)
        x = embed(graph, ids, vectors)
    caches = tuple(kv_cache(layer, dense.heads) for layer in range(dense.layers))
    layers = _Layers(graph, dense, steps, everywhere, locally, read, recipe)
    residual: Value | None = None
    for cache in caches:
        with graph.scope(f"layers.{cache.layer}"):
            x, residual = layers.emit(x, residual, cache)
    with graph.scope("norm"):
        weight = layers.norm_weight("model.norm") / np.float32(dense.logits_divisor)
        normed, _ = layers.norm(x, residual, weight)
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
    everywhere: Rotary
    locally: Rotary | None
    read: Reader
    recipe: Recipe

    def norm_weight(self, name: str) -> Array:
        """A norm's weight as it multiplies."""
        weight: Array = self.read(f"{name}.weight", self.dense.hidden) + np.float32(self.dense.norm_offset)
        return weight

    def norm(self, x: Value, residual: Value | None, weight: Array) -> tuple[Value, Value]:
        """Norm of the stream so far, and the stream itself."""
        if residual is None:
            return rms_norm(self.graph, x, weight, self.dense.norm_epsilon), x
        return add_rms_norm(self.graph, x, residual, weight, self.dense.norm_epsilon)

    def emit(self, x: Value, residual: Value | None, cache: CacheSpec) -> tuple[Value, Value]:
        """One layer: what it adds to the stream, and the stream before that."""
        prefix = f"model.layers.{cache.layer}"
        with self.graph.scope("attention_norm"):
            entering, residual = self._enter(x, residual, prefix, 0)
        with self.graph.scope("attention"):
            x = self._leave(self._attention(entering, cache, f"{prefix}.self_attn"), prefix, 0)
        with self.graph.scope("mlp_norm"):
            entering, residual = self._enter(x, residual, prefix, 1)
        with self.graph.scope("mlp"):
            return self._leave(self._mlp(entering, f"{prefix}.mlp"), prefix, 1), residual

    def _enter(self, x: Value, residual: Value | None, prefix: str, branch: int) -> tuple[Value, Value]:
        """What a branch sees of the stream, and the stream."""
        if self.dense.pre_norms is None:
            stream = x if residual is None else self.graph.op("Add", x, residual)[0]
            return stream, stream
        name = f"{prefix}.{self.dense.pre_norms[branch]}"
        normed, residual = self.norm(x, residual, self.norm_weight(name))
        if not self.dense.norm_offset:
            self.graph.tap(name, normed)
        return normed, residual

    def _leave(self, x: Value, prefix: str, branch: int) -> Value:
        """What a branch puts out, normed if the architecture does."""
        if self.dense.post_norms is None:
            return x
        with self.graph.scope("post_norm"):
            weight = self.norm_weight(f"{prefix}.{self.dense.post_norms[branch]}")
            return rms_norm(self.graph, x, weight * np.float32(self.dense.branch), self.dense.epsilon)

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
        near = dense.local is not None and cache.layer in dense.local.layers
        tables = self.locally if near else self.everywhere
        out = attention(
            self.graph,
            self._normed(qkv, prefix) if dense.qk_norm else (qkv, None, None),
            cache,
            heads,
            self.steps,
            None if cache.layer in dense.unrotated else tables,
            scale=heads.size**-0.5 if dense.attention_scale is None else dense.attention_scale,
            window=dense.local.window if near and dense.local else None,
        )
        with self.graph.scope("output"):
            weight = self.read(f"{prefix}.o_proj.weight", dense.hidden, rows["q"])
            bias = self.read.optional(f"{prefix}.o_proj.bias", dense.hidden, wanted=dense.output_bias)
            return linear(self.graph, out, self._branch(weight), self.recipe.attention, self._branch(bias))

    def _branch(self, tensor: T) -> T:
        """What ends a branch, in the measure of the stream it joins; a norm after it sees to that itself."""
        if tensor is None or self.dense.post_norms:
            return tensor
        return tensor * np.float32(self.dense.branch)

    def _normed(self, qkv: Value, prefix: str) -> tuple[Value, Value, Value]:
        """Queries and keys normed, values as they are; no CPU kernel does this inside attention."""
        heads, graph = self.dense.heads, self.graph
        sizes = (heads.query * heads.size, heads.kv * heads.size, heads.kv * heads.size)
        q, k, v = graph.op("Split", qkv, graph.constant(*sizes), outputs=("q", "k", "v"), axis=-1)
        with graph.scope("q_norm"):
            q = self._norm_heads(q, f"{prefix}.q_norm.weight", heads.query)
        with graph.scope("k_norm"):
            k = self._norm_heads(k, f"{prefix}.k_norm.weight", heads.kv)
        return q, k, v

    def _norm_heads(self, x: Value, name: str, count: int) -> Value:
        size, epsilon = self.dense.heads.size, self.dense.epsilon
        if self.dense.qk_norm == "whole":
            return rms_norm(self.graph, x, self.read(name, count * size), epsilon)
        weight = self.read(name, size) + np.float32(self.dense.norm_offset)
        return head_norm(self.graph, x, count, weight, epsilon)

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
        return gated_mlp(
            self.graph, x, weights, self.recipe.mlp, biases, dense.activation, f"{prefix}.down_proj"
        )

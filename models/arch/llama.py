"""Llama (arXiv 2302.13971): SmolLM2, Llama 3.2, TinyLlama. RMS norm, rotary grouped-query attention, gated MLP."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from models import strict
from models.checkpoint import Weights
from models.errors import ArchitectureError, WeightsError
from models.graph import rotary
from models.graph.blocks import (
    Heads,
    Steps,
    add_rms_norm,
    attention,
    gated_mlp,
    kv_cache,
    rms_norm,
    step_inputs,
)
from models.graph.builder import Graph, Value
from models.graph.linear import embed, head, linear, table
from models.manifest import CacheSpec
from models.quantize import Recipe
from models.smooth import Fold

CONTEXT_CAP: Final = 32768
"""Longest rotary table stored: an edge board has no memory for more, and the table costs 256 bytes a position."""

Array = NDArray[np.float32]

_POSSIBLE: Final[Mapping[str, range]] = {
    "hidden_size": range(1, 1 << 17),
    "intermediate_size": range(1, 1 << 19),
    "num_hidden_layers": range(1, 1 << 11),
    "num_attention_heads": range(1, 1 << 11),
    "num_key_value_heads": range(1 << 11),
    "head_dim": range(1 << 11),
    "vocab_size": range(1, 1 << 21),
    "max_position_embeddings": range(1, 1 << 31),
}
"""No model for a board comes near the ends: a corrupt size must not be believed and built."""


@dataclass(frozen=True, slots=True)
class Config:
    """What we use of `config.json`; the rest of it is ignored."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    vocab_size: int
    num_key_value_heads: int = 0
    head_dim: int = 0
    rms_norm_eps: float = 1e-6
    rope_theta: float = 10000.0
    rope_scaling: dict[str, Any] | None = None
    max_position_embeddings: int = 2048
    tie_word_embeddings: bool = False
    attention_bias: bool = False
    mlp_bias: bool = False
    hidden_act: str = "silu"

    @classmethod
    def from_hf(cls, raw: Mapping[str, Any]) -> Self:
        """Read a Hugging Face configuration.

        Raises:
            ArchitectureError: a key is missing or impossible, or a feature of it is not built.
        """
        known = {f.name for f in fields(cls)}
        chosen = {key: value for key, value in raw.items() if key in known and value is not None}
        # transformers 5 writes both rotary keys into one object
        nested = raw.get("rope_parameters")
        if isinstance(nested, Mapping):
            chosen.setdefault("rope_theta", nested.get("rope_theta", 10000.0))
            chosen.setdefault("rope_scaling", nested)
        try:
            config = strict.load(cls, chosen)
        except strict.MisfitError as exc:
            raise ArchitectureError(f"config.json: {exc}; fetch the model again") from exc
        config.check()
        return config

    def check(self) -> None:
        """Raise ArchitectureError for what cannot be, and for what this module does not build."""
        wrong = [key for key, possible in _POSSIBLE.items() if getattr(self, key) not in possible]
        wrong += [key for key in ("rms_norm_eps", "rope_theta") if not 0 < getattr(self, key) < math.inf]
        if wrong:
            raise ArchitectureError(
                f"config.json has the impossible {wrong[0]} {getattr(self, wrong[0])}; fetch the model again"
            )
        if self.hidden_act != "silu":
            raise ArchitectureError(f"llama with activation {self.hidden_act!r} is not built; silu is")
        heads = self.heads
        if not heads.size or heads.size % 2 or heads.query % heads.kv:
            raise ArchitectureError(f"{heads.query} query and {heads.kv} kv heads of {heads.size} do not fit")
        rotary.frequencies(heads.size, self.rope_theta, self.rope_scaling)

    @property
    def heads(self) -> Heads:
        """Query heads, key/value heads, size of a head."""
        kv = self.num_key_value_heads or self.num_attention_heads
        return Heads(
            self.num_attention_heads, kv, self.head_dim or self.hidden_size // self.num_attention_heads
        )

    @property
    def context(self) -> int:
        """Positions the graph serves."""
        return min(self.max_position_embeddings, CONTEXT_CAP)


class _Reader:
    """Weights by name, with the shape each must have."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self.seen: set[str] = set()

    def __call__(self, name: str, *shape: int) -> Array:
        if name not in self._weights:
            raise WeightsError(f"the checkpoint has no tensor {name!r}; it is incomplete, fetch it again")
        if (found := self._weights.shape(name)) != shape:
            raise WeightsError(
                f"tensor {name!r} has shape {list(found)}, its configuration says {list(shape)}"
            )
        self.seen.add(name)
        return self._weights[name]

    def optional(self, name: str, *shape: int, wanted: bool) -> Array | None:
        return self(name, *shape) if wanted else None


def build(graph: Graph, config: Config, weights: Weights, recipe: Recipe) -> tuple[CacheSpec, ...]:
    """Emit the whole decoder: ids in, logits at the asked positions out.

    Raises:
        WeightsError: a tensor is missing, extra, or of another shape than the configuration says.
    """
    read = _Reader(weights)
    heads = config.heads
    vocabulary = (config.vocab_size, config.hidden_size)
    ids = graph.input("input_ids", "int64", ("batch", "sequence"))
    inverse = rotary.frequencies(heads.size, config.rope_theta, config.rope_scaling)
    steps = step_inputs(graph, *rotary.tables(inverse, config.context))
    positions = graph.input("logit_positions", "int64", ("asked",))
    with graph.scope("embedding"):
        weight = read("model.embed_tokens.weight", *vocabulary)
        vectors = table(graph, weight, recipe.embedding, looks_up=True, scores=config.tie_word_embeddings)
        x = embed(graph, ids, vectors)
    caches = tuple(kv_cache(layer, heads) for layer in range(config.num_hidden_layers))
    residual: Value | None = None
    for cache in caches:
        with graph.scope(f"layers.{cache.layer}"):
            x, residual = _layer(graph, x, residual, config, cache, steps, read, recipe)
    with graph.scope("norm"):
        normed, _ = _norm(graph, x, residual, read("model.norm.weight", config.hidden_size), config)
    with graph.scope("head"):
        (asked,) = graph.op("Gather", normed, positions, axis=1)
        if not config.tie_word_embeddings:
            vectors = table(
                graph, read("lm_head.weight", *vocabulary), recipe.head, looks_up=False, scores=True
            )
        logits = head(graph, asked, vectors)
    graph.output(logits, "logits", "float32", ("batch", "asked", config.vocab_size))
    _refuse_extra(weights, read.seen, tied=config.tie_word_embeddings)
    return caches


def folds(config: Config) -> tuple[Fold, ...]:
    """Activations that can be evened out: what the norms put out, and what goes into `down`."""
    found = []
    for layer in range(config.num_hidden_layers):
        name = f"model.layers.{layer}"
        attention_norm, mlp_norm = f"{name}.input_layernorm", f"{name}.post_attention_layernorm"
        projections = tuple(f"{name}.self_attn.{p}_proj.weight" for p in ("q", "k", "v"))
        gates = tuple(f"{name}.mlp.{p}_proj.weight" for p in ("gate", "up"))
        up = (f"{name}.mlp.up_proj.weight", *((f"{name}.mlp.up_proj.bias",) if config.mlp_bias else ()))
        found.append(Fold(attention_norm, (f"{attention_norm}.weight",), projections))
        found.append(Fold(mlp_norm, (f"{mlp_norm}.weight",), gates))
        found.append(Fold(f"{name}.mlp.down_proj", up, (f"{name}.mlp.down_proj.weight",)))
    return tuple(found)


def _norm(
    graph: Graph, x: Value, residual: Value | None, weight: Array, config: Config
) -> tuple[Value, Value]:
    """Norm of the stream so far, and the stream itself."""
    if residual is None:
        return rms_norm(graph, x, weight, config.rms_norm_eps), x
    return add_rms_norm(graph, x, residual, weight, config.rms_norm_eps)


def _layer(
    graph: Graph,
    x: Value,
    residual: Value | None,
    config: Config,
    cache: CacheSpec,
    steps: Steps,
    read: _Reader,
    recipe: Recipe,
) -> tuple[Value, Value]:
    """One layer: what it adds to the stream, and the stream before that."""
    prefix, hidden = f"model.layers.{cache.layer}", config.hidden_size
    with graph.scope("attention_norm"):
        norm = read(f"{prefix}.input_layernorm.weight", hidden)
        normed, residual = _norm(graph, x, residual, norm, config)
        graph.tap(f"{prefix}.input_layernorm", normed)
    with graph.scope("attention"):
        attended = _attention(graph, normed, config, cache, steps, read, recipe)
    with graph.scope("mlp_norm"):
        norm = read(f"{prefix}.post_attention_layernorm.weight", hidden)
        normed, residual = _norm(graph, attended, residual, norm, config)
        graph.tap(f"{prefix}.post_attention_layernorm", normed)
    with graph.scope("mlp"):
        return _mlp(graph, normed, config, cache.layer, read, recipe), residual


def _attention(
    graph: Graph, x: Value, config: Config, cache: CacheSpec, steps: Steps, read: _Reader, recipe: Recipe
) -> Value:
    heads, hidden = config.heads, config.hidden_size
    prefix = f"model.layers.{cache.layer}.self_attn"
    rows = {"q": heads.query * heads.size, "k": heads.kv * heads.size, "v": heads.kv * heads.size}
    with graph.scope("qkv"):
        packed = np.concatenate([read(f"{prefix}.{p}_proj.weight", n, hidden) for p, n in rows.items()])
        biases = [
            read.optional(f"{prefix}.{p}_proj.bias", n, wanted=config.attention_bias) for p, n in rows.items()
        ]
        bias = np.concatenate([b for b in biases if b is not None]) if config.attention_bias else None
        qkv = linear(graph, x, packed, recipe.attention, bias)
    out = attention(graph, qkv, cache, heads, steps, 1.0 / math.sqrt(heads.size))
    with graph.scope("output"):
        weight = read(f"{prefix}.o_proj.weight", hidden, rows["q"])
        bias = read.optional(f"{prefix}.o_proj.bias", hidden, wanted=config.attention_bias)
        return linear(graph, out, weight, recipe.attention, bias)


def _mlp(graph: Graph, x: Value, config: Config, layer: int, read: _Reader, recipe: Recipe) -> Value:
    prefix, hidden, wide = f"model.layers.{layer}.mlp", config.hidden_size, config.intermediate_size
    biases = None
    if config.mlp_bias:
        merged = np.concatenate([read(f"{prefix}.{p}_proj.bias", wide) for p in ("gate", "up")])
        biases = (merged, read(f"{prefix}.down_proj.bias", hidden))
    matrices = (
        read(f"{prefix}.gate_proj.weight", wide, hidden),
        read(f"{prefix}.up_proj.weight", wide, hidden),
        read(f"{prefix}.down_proj.weight", hidden, wide),
    )
    return gated_mlp(graph, x, matrices, recipe.mlp, biases, tap=f"{prefix}.down_proj")


def _refuse_extra(weights: Weights, seen: set[str], *, tied: bool) -> None:
    """A tensor nobody asked for means that this is not the architecture it says it is."""
    ignored = {"lm_head.weight"} if tied else set()
    extra = [
        n for n in weights if n not in seen and n not in ignored and not n.endswith("rotary_emb.inv_freq")
    ]
    if extra:
        raise WeightsError(
            f"the checkpoint has a tensor that llama does not: {extra[0]!r} ({len(extra)} in all)"
        )

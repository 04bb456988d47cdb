"""The blocks a decoder layer is made of: norms, rotary attention with a shared cache, feed-forwards."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from models.graph.builder import CONTRIB, Attribute, Graph, Value
from models.graph.linear import linear
from models.manifest import CacheSpec, TensorSpec
from models.quantize import CacheType, Scheme

Array = NDArray[np.float32]
Activation = Literal["silu", "gelu_tanh"]
_INT8_CACHE: Final[dict[str, Attribute]] = {
    "k_quant_type": "PER_CHANNEL",
    "v_quant_type": "PER_CHANNEL",
    "kv_cache_bit_width": 8,
}


def rms_norm(graph: Graph, x: Value, weight: Array, epsilon: float) -> Value:
    """RMS norm over the last axis (arXiv 1910.07467)."""
    return graph.op(
        "SimplifiedLayerNormalization", x, graph.weight("weight", weight), axis=-1, epsilon=epsilon
    )[0]


def add_rms_norm(graph: Graph, x: Value, skip: Value, weight: Array, epsilon: float) -> tuple[Value, Value]:
    """Normalised x + skip, and the sum itself, which is the next residual."""
    normed, _, _, total = graph.op(
        "SkipSimplifiedLayerNormalization",
        x,
        skip,
        graph.weight("weight", weight),
        outputs=("out", "", "", "sum"),
        domain=CONTRIB,
        epsilon=epsilon,
    )
    return normed, total


def layer_norm(graph: Graph, x: Value, weight: Array, bias: Array, epsilon: float) -> Value:
    """Mean and variance over the last axis (arXiv 1607.06450)."""
    weights = graph.weight("weight", weight), graph.weight("bias", bias)
    return graph.op("LayerNormalization", x, *weights, axis=-1, epsilon=epsilon)[0]


def add_layer_norm(
    graph: Graph, x: Value, skip: Value, weight: Array, bias: Array, epsilon: float
) -> tuple[Value, Value]:
    """Normalised x + skip, and the sum itself, which is the next residual."""
    normed, _, _, total = graph.op(
        "SkipLayerNormalization",
        x,
        skip,
        graph.weight("weight", weight),
        graph.weight("bias", bias),
        outputs=("out", "", "", "sum"),
        domain=CONTRIB,
        epsilon=epsilon,
    )
    return normed, total


@dataclass(frozen=True, slots=True)
class Steps:
    """Inputs every attention layer shares: where each row's tokens end."""

    seqlens_k: Value
    total_sequence_length: Value


@dataclass(frozen=True, slots=True)
class Rotary:
    """Tables of cosines and sines, [positions, R / 2] each; R is how much of a head is rotated."""

    cos: Value
    sin: Value
    size: int
    """R."""


@dataclass(frozen=True, slots=True)
class Heads:
    """Shape of an attention layer."""

    query: int
    kv: int
    size: int


def step_inputs(graph: Graph) -> Steps:
    """Declare `seqlens_k` (int32 [B], total - 1) and `total_sequence_length` (int32 scalar)."""
    return Steps(
        graph.input("seqlens_k", "int32", ("batch",)), graph.input("total_sequence_length", "int32", ())
    )


def rotary_tables(graph: Graph, cos: Array, sin: Array) -> Rotary:
    """Store the tables that layers share."""
    return Rotary(graph.weight("rotary.cos", cos), graph.weight("rotary.sin", sin), 2 * cos.shape[1])


def kv_cache(layer: int, heads: Heads, window: int | None = None, dtype: CacheType = "float32") -> CacheSpec:
    """Keys and values of one layer, [B, kv, capacity, D], appended in place.

    With a window the capacity is a number, half as many again: what no token sees any more is let go of in batches.
    """
    rows = "capacity" if window is None else window + window // 2
    shape = ("batch", heads.kv, rows, heads.size)
    past = tuple(TensorSpec(f"past.{layer}.{part}", dtype, shape) for part in ("key", "value"))
    present = tuple(TensorSpec(f"present.{layer}.{part}", dtype, shape) for part in ("key", "value"))
    return CacheSpec(layer, "kv", past, present)


def attention(
    graph: Graph,
    qkv: tuple[Value, Value | None, Value | None],
    cache: CacheSpec,
    heads: Heads,
    steps: Steps,
    rotary: Rotary | None,
    *,
    scale: float,
    window: int | None = None,
    scales: tuple[Array, Array] | None = None,
) -> Value:
    """Grouped-query attention; declares the cache.

    `qkv` is q, k and v, [B, S, heads D] each, or all of them packed in the first and the others None. `window` is how
    many tokens a token sees, itself included, the cache's window; None for all. `scales` are those of keys and values
    in an int8 cache, [kv, D] each; None for a float32 one.
    """
    tables = (None, None) if rotary is None else (rotary.cos, rotary.sin)
    stored: tuple[Value | None, ...] = ()
    if scales is not None:
        named = zip(("key_scale", "value_scale"), scales, strict=True)
        unused = (None, None, None)  # positions, bias, sink
        stored = (*unused, *(graph.weight(name, scale[None, :, None]) for name, scale in named))
    key, value = (graph.input(spec.name, spec.dtype, spec.shape) for spec in cache.past)
    out, present_key, present_value = graph.op(
        "GroupQueryAttention",
        *qkv,
        key,
        value,
        steps.seqlens_k,
        steps.total_sequence_length,
        *(tables if rotary or stored else ()),
        *stored,
        outputs=("out", "present_key", "present_value"),
        domain=CONTRIB,
        num_heads=heads.query,
        kv_num_heads=heads.kv,
        do_rotary=int(rotary is not None),
        rotary_interleaved=0,
        scale=scale,
        local_window_size=-1 if window is None else window,
        **({} if window is None else {"sliding_window_cache": 1}),
        **(_INT8_CACHE if stored else {}),
    )
    for spec, present in zip(cache.present, (present_key, present_value), strict=True):
        graph.output(present, spec.name, spec.dtype, spec.shape)
    return out


def split_heads(graph: Graph, x: Value, count: int, size: int) -> Value:
    """[B, S, heads D] to [B, S, heads, D]."""
    return graph.op("Reshape", x, graph.constant(0, 0, count, size))[0]


def gated_mlp(
    graph: Graph,
    x: Value,
    weights: tuple[Array, Array],
    scheme: Scheme,
    biases: tuple[Array | None, Array | None],
    activation: Activation,
    tap: str,
) -> Value:
    """`down(activation(gate x) * up x)` (arXiv 2002.05202); gate and up are one matrix, so x is quantised once.

    `weights` are gate above up, [2 width, hidden], and down, [hidden, width]; biases alike.
    `tap` names the input of `down` where activations are measured.
    """
    gate_up, down = weights
    with graph.scope("gate_up"):
        merged = linear(graph, x, gate_up, scheme, biases[0])
    width = down.shape[1]
    left, right = graph.op("Split", merged, graph.constant(width, width), outputs=("gate", "up"), axis=-1)
    if activation == "silu":
        (activated,) = graph.op("QuickGelu", left, domain=CONTRIB, alpha=1.0)
    else:
        (activated,) = graph.op("Gelu", left, approximate="tanh")
    (product,) = graph.op("Mul", activated, right)
    graph.tap(tap, product)
    with graph.scope("down"):
        return linear(graph, product, down, scheme, biases[1])


def plain_mlp(
    graph: Graph, x: Value, weights: tuple[Array, Array], scheme: Scheme, biases: tuple[Array, Array]
) -> Value:
    """`down(gelu(up x))` (arXiv 1706.03762, 1606.08415); weights are up, [width, hidden], and down; biases alike."""
    with graph.scope("up"):
        wide = linear(graph, x, weights[0], scheme, biases[0])
    (activated,) = graph.op("Gelu", wide, approximate="tanh")
    with graph.scope("down"):
        return linear(graph, activated, weights[1], scheme, biases[1])

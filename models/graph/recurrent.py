"""Blocks that carry a state of fixed size from step to step: the causal convolution and linear attention."""

import numpy as np
from numpy.typing import NDArray

from models.graph.builder import CONTRIB, Graph, Value
from models.manifest import CacheKind, CacheSpec, TensorSpec

Array = NDArray[np.float32]


def conv_cache(layer: int, channels: int, kernel: int) -> CacheSpec:
    """The last inputs of a convolution, [B, channels, kernel - 1], replaced at every step."""
    return _state(layer, "conv", "conv", (channels, kernel - 1))


def ssm_cache(layer: int, heads: int, keys: int, values: int) -> CacheSpec:
    """The state of linear attention, [B, heads, keys, values], replaced at every step."""
    return _state(layer, "ssm", "state", (heads, keys, values))


def _state(layer: int, kind: CacheKind, name: str, shape: tuple[int, ...]) -> CacheSpec:
    full: tuple[int | str, ...] = ("batch", *shape)
    past = TensorSpec(f"past.{layer}.{name}", "float32", full)
    return CacheSpec(layer, kind, (past,), (TensorSpec(f"present.{layer}.{name}", "float32", full),))


def causal_conv(
    graph: Graph, x: Value, weight: Array, bias: Array | None, cache: CacheSpec, *, activation: str = "none"
) -> Value:
    """Each channel of x, [B, S, C], convolved over its own last tokens; weight is [C, 1, kernel].

    The kernel for channels first is three times as fast on a chunk, with both transpositions counted.
    """
    (past,), (present,) = cache.past, cache.present
    (turned,) = graph.op("Transpose", x, perm=(0, 2, 1))
    out, state = graph.op(
        "CausalConvWithState",
        turned,
        graph.weight("weight", weight),
        None if bias is None else graph.weight("bias", bias),
        graph.input(past.name, past.dtype, past.shape),
        outputs=("out", "present"),
        domain=CONTRIB,
        ndim=1,
        activation=activation,
    )
    graph.output(state, present.name, present.dtype, present.shape)
    with graph.scope("back"):
        return graph.op("Transpose", out, perm=(0, 2, 1))[0]


def gated_linear_attention(
    graph: Graph,
    query: Value,
    key: Value,
    value: Value,
    decay: Value,
    cache: CacheSpec,
    *,
    groups: int,
    heads: int,
) -> Value:
    """`state = exp(decay) state + key value`, read out by the query (arXiv 2405.21060, section 2); [B, S, heads D].

    Query and key are [B, S, groups N], shared by the heads of a group; value [B, S, heads D], decay [B, S, heads].
    """
    (past,), (present,) = cache.past, cache.present
    out, state = graph.op(
        "LinearAttention",
        query,
        key,
        value,
        graph.input(past.name, past.dtype, past.shape),
        decay,
        outputs=("out", "present"),
        domain=CONTRIB,
        q_num_heads=groups,
        kv_num_heads=heads,
        scale=1.0,
        update_rule="gated",
    )
    graph.output(state, present.name, present.dtype, present.shape)
    return out

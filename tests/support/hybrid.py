"""A tiny random decoder with every kind of cache, built from our own blocks: real onnxruntime, milliseconds.

Layer 0 has a short convolution, layer 1 attention, layer 2 convolution, linear attention and attention at once.
"""

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.graph import rotary
from models.graph.blocks import (
    Heads,
    attention,
    kv_cache,
    rms_norm,
    rotary_tables,
    step_inputs,
)
from models.graph.builder import CONTRIB, ExternalData, Graph, Value
from models.manifest import DECODER_NAME, CacheKind, CacheSpec, Manifest, TensorSpec
from models.quantize import CacheType
from tests.support.manifest import tiny_manifest

VOCABULARY: Final = 64
CONTEXT: Final = 512
LAYERS: Final[tuple[tuple[CacheKind, ...], ...]] = (("conv",), ("kv",), ("kv", "conv", "ssm"))
"""What each layer does, one after the other."""
_WIDE: Final = 32
_HEADS: Final = Heads(query=4, kv=2, size=16)
_TAPS: Final = 4
_STATE: Final = 8
_EPSILON: Final = 1e-5
_SCALE: Final = np.full((_HEADS.kv, _HEADS.size), 8 / 127, np.float32)
"""Keys and values here are of about 2."""
_SCALES: Final[dict[CacheType, tuple[NDArray[np.float32], NDArray[np.float32]] | None]] = {
    "float32": None,
    "int8": (_SCALE, _SCALE),
}

Array = NDArray[np.float32]


def hybrid_bundle(into: Path, kv: CacheType = "float32") -> Manifest:
    """Write the decoder into `into`, which is made; return a manifest for it. `kv` is what attention remembers as."""
    into.mkdir(parents=True)
    data = into / f"{DECODER_NAME}.data"
    with data.open("wb") as stream:
        graph = Graph(ExternalData(data, stream))
        caches = _Hybrid(graph, kv).emit()
        graph.save(into / DECODER_NAME, {})
    manifest = tiny_manifest(name="hybrid", context_length=CONTEXT, vocabulary_size=VOCABULARY)
    return replace(manifest, inputs=graph.inputs, outputs=graph.outputs, caches=caches)


class _Hybrid:
    def __init__(self, graph: Graph, kv: CacheType) -> None:
        self.graph, self.kv = graph, kv
        self._random = np.random.default_rng(7)

    def weight(self, name: str, *shape: int) -> Value:
        return self.graph.weight(name, self._random.normal(0, 0.3, shape).astype(np.float32))

    def linear(self, name: str, x: Value, rows: int, columns: int) -> Value:
        with self.graph.scope(name):
            return self.graph.op("MatMul", x, self.weight("weight", rows, columns))[0]

    def emit(self) -> tuple[CacheSpec, ...]:
        graph = self.graph
        ids = graph.input("input_ids", "int64", ("batch", "sequence"))
        steps = step_inputs(graph)
        positions = graph.input("logit_positions", "int64", ("asked",))
        with graph.scope("embedding"):
            (x,) = graph.op("Gather", self.weight("weight", VOCABULARY, _WIDE), ids)
        inverse = rotary.frequencies(_HEADS.size, 1e4, None)
        self._seen = (steps, rotary_tables(graph, *rotary.tables(inverse, CONTEXT)))
        caches = tuple(_spec(layer, kind, self.kv) for layer, kinds in enumerate(LAYERS) for kind in kinds)
        for cache in caches:
            with graph.scope(f"layers.{cache.layer}.{cache.kind}"):
                normed = rms_norm(graph, x, np.ones(_WIDE, np.float32), _EPSILON)
                (x,) = graph.op("Add", x, self.branch(normed, cache))
        with graph.scope("head"):
            x = rms_norm(graph, x, np.ones(_WIDE, np.float32), _EPSILON)
            (asked,) = graph.op("Gather", x, positions, axis=1)
            logits = self.linear("out", asked, _WIDE, VOCABULARY)
        graph.output(logits, "logits", "float32", ("batch", "asked", VOCABULARY))
        return caches

    def branch(self, x: Value, cache: CacheSpec) -> Value:
        match cache.kind:
            case "kv":
                return self.attend(x, cache)
            case "conv":
                return self.conv(x, cache)
            case "ssm":
                return self.recur(x, cache)

    def attend(self, x: Value, cache: CacheSpec) -> Value:
        width = (_HEADS.query + 2 * _HEADS.kv) * _HEADS.size
        packed = self.linear("qkv", x, _WIDE, width)
        qkv = (packed, None, None)
        out = attention(
            self.graph, qkv, cache, _HEADS, *self._seen, scale=_HEADS.size**-0.5, scales=_SCALES[self.kv]
        )
        return self.linear("out", out, _HEADS.query * _HEADS.size, _WIDE)

    def conv(self, x: Value, cache: CacheSpec) -> Value:
        graph = self.graph
        with graph.scope("in"):
            (columns,) = graph.op("Transpose", x, perm=[0, 2, 1])
        out, present = graph.op(
            "CausalConvWithState",
            columns,
            self.weight("taps", _WIDE, 1, _TAPS),
            None,
            self.past(cache),
            outputs=("out", "present"),
            domain=CONTRIB,
            ndim=1,
            activation="silu",
        )
        self.present(cache, present)
        with graph.scope("out"):
            return graph.op("Transpose", out, perm=[0, 2, 1])[0]

    def recur(self, x: Value, cache: CacheSpec) -> Value:
        graph, inner = self.graph, _HEADS.query * _STATE
        q, k, v = (self.linear(name, x, _WIDE, inner) for name in ("q", "k", "v"))
        with graph.scope("decay"):
            (gate,) = graph.op("Softplus", self.linear("in", x, _WIDE, _HEADS.query))
            (decay,) = graph.op("Neg", gate)
        out, present = graph.op(
            "LinearAttention",
            q,
            k,
            v,
            self.past(cache),
            decay,
            outputs=("out", "present"),
            domain=CONTRIB,
            q_num_heads=_HEADS.query,
            kv_num_heads=_HEADS.query,
            update_rule="gated",
            scale=_STATE**-0.5,
        )
        self.present(cache, present)
        return self.linear("out", out, inner, _WIDE)

    def past(self, cache: CacheSpec) -> Value:
        (spec,) = cache.past
        return self.graph.input(spec.name, spec.dtype, spec.shape)

    def present(self, cache: CacheSpec, value: Value) -> None:
        (spec,) = cache.present
        self.graph.output(value, spec.name, spec.dtype, spec.shape)


def _spec(layer: int, kind: CacheKind, kv: CacheType) -> CacheSpec:
    if kind == "kv":
        return kv_cache(layer, _HEADS, dtype=kv)
    name, shape = (
        ("conv", (_WIDE, _TAPS - 1)) if kind == "conv" else ("state", (_HEADS.query, _STATE, _STATE))
    )
    past, present = (
        TensorSpec(f"{time}.{layer}.{name}", "float32", ("batch", *shape)) for time in ("past", "present")
    )
    return CacheSpec(layer, kind, (past,), (present,))

"""Grouped-query attention over a cache of keys and values (arXiv 2305.13245)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.arch.layers.norm import Norm
from models.arch.layers.part import Site
from models.errors import ArchitectureError
from models.graph.blocks import Heads, attention, kv_cache, split_heads
from models.graph.builder import Value
from models.graph.linear import linear
from models.manifest import CacheSpec
from models.quantize import CacheType
from models.quantize.cache import channel_scales
from models.smooth import Fold

Array = NDArray[np.float32]
GLOBAL = "global"
"""The rotary table that is there unless an architecture has several."""


@dataclass(frozen=True, slots=True)
class Attention:
    """What there is to know of an attention part."""

    heads: Heads
    norm: Norm
    """For queries and keys, where they are normed."""
    scale: float | None = None
    """None: one over the square root of a head's size."""
    rotary: str | None = GLOBAL
    """Name of the position table; None for a layer without positions."""
    window: int | None = None
    """Tokens a token sees, itself included; None for all."""
    qkv_bias: bool = False
    output_bias: bool = False
    qk_norm: Literal["", "head", "whole"] = ""
    """Queries and keys are normed before rotary: each head by itself, or all heads of a token together."""
    multipliers: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Of what goes in, of the keys, of what comes out."""
    prefix: str = "self_attn"
    projections: tuple[str, str, str, str] = ("q_proj", "k_proj", "v_proj", "o_proj")
    merged: str = ""
    """Name of one matrix that holds, a kv head after the other, its queries, its keys and its values."""
    norms: tuple[str, str] = ("q_norm", "k_norm")

    def __post_init__(self) -> None:
        """Refuse heads that do not fit together.

        Raises:
            ArchitectureError: they do not.
        """
        heads = self.heads
        if not heads.size or heads.size % 2 or not heads.kv or heads.query % heads.kv:
            raise ArchitectureError(f"{heads.query} query and {heads.kv} kv heads of {heads.size} do not fit")

    def consumers(self) -> tuple[str, ...]:
        """Queries, keys and values."""
        names = (self.merged,) if self.merged else self.projections[:3]
        return tuple(f"{self.prefix}.{name}.weight" for name in names)

    def folds(self, prefix: str) -> tuple[Fold, ...]:
        """None: what goes into the output is a mean of values, and evening it out changed nothing."""
        del prefix
        return ()

    def caches(self, layer: int, kv: CacheType) -> tuple[CacheSpec, ...]:
        """Keys and values."""
        return (kv_cache(layer, self.heads, self.window, kv),)

    def emit(self, site: Site, x: Value) -> Value:
        """Queries, keys and values in one matrix, attention, output."""
        heads, rows = self.heads, self.heads.query * self.heads.size
        with site.graph.scope("qkv"):
            qkv = linear(site.graph, x, self._packed(site), site.recipe.attention, self._packed_bias(site))
        (cache,) = self.caches(site.layer, site.recipe.kv)
        out = attention(
            site.graph,
            self._normed(site, qkv) if self.qk_norm else (qkv, None, None),
            cache,
            heads,
            site.steps,
            None if self.rotary is None else site.rotary[self.rotary],
            scale=heads.size**-0.5 if self.scale is None else self.scale,
            window=self.window,
            scales=self._scales(site, cache) if site.recipe.kv == "int8" else None,
        )
        with site.graph.scope("output"):
            name = f"{self.prefix}.{self.projections[3]}"
            weight = site.scaled(site.weight(f"{name}.weight", site.hidden, rows), self.multipliers[2])
            bias = site.optional(f"{name}.bias", site.hidden, wanted=self.output_bias)
            return linear(
                site.graph, out, weight, site.recipe.attention, site.scaled(bias, self.multipliers[2])
            )

    def _scales(self, site: Site, cache: CacheSpec) -> tuple[Array, Array]:
        """Of keys, which are remembered as they were rotated, and of values."""
        key, value = (site.recipe.peaks[past.name] for past in cache.past)
        rotated = 0 if self.rotary is None else site.rotary[self.rotary].size
        return channel_scales(key, rotated), channel_scales(value, 0)

    def _rows(self) -> tuple[int, int, int]:
        heads = self.heads
        return heads.query * heads.size, heads.kv * heads.size, heads.kv * heads.size

    def _packed(self, site: Site) -> Array:
        """Queries, keys and values below each other."""
        entering, keys, _ = self.multipliers
        return _below(self._read(site, "weight", site.hidden), (entering, entering * keys, entering))

    def _packed_bias(self, site: Site) -> Array | None:
        if not self.qkv_bias:
            return None
        return _below(self._read(site, "bias"), (1.0, self.multipliers[1], 1.0))

    def _read(self, site: Site, leaf: str, *columns: int) -> tuple[Array, ...]:
        """Weights or biases of queries, of keys and of values."""
        if not self.merged:
            named = zip(self.projections[:3], self._rows(), strict=True)
            return tuple(site.weight(f"{self.prefix}.{name}.{leaf}", rows, *columns) for name, rows in named)
        together = site.weight(f"{self.prefix}.{self.merged}.{leaf}", sum(self._rows()), *columns)
        groups = together.reshape(self.heads.kv, -1, self.heads.size, *columns)
        return tuple(part.reshape(-1, *columns) for part in np.split(groups, (-2, -1), axis=1))

    def _normed(self, site: Site, qkv: Value) -> tuple[Value, Value, Value]:
        """Queries and keys normed, values as they are; no CPU kernel does this inside attention."""
        graph = site.graph
        q, k, v = graph.op("Split", qkv, graph.constant(*self._rows()), outputs=("q", "k", "v"), axis=-1)
        with graph.scope("q_norm"):
            q = self._norm_heads(site, q, self.norms[0], self.heads.query)
        with graph.scope("k_norm"):
            k = self._norm_heads(site, k, self.norms[1], self.heads.kv)
        return q, k, v

    def _norm_heads(self, site: Site, x: Value, name: str, count: int) -> Value:
        full = f"{site.prefix}.{self.prefix}.{name}"
        if self.qk_norm == "whole":
            return self.norm.emit(site.graph, x, self.norm.read(site.read, full, count * self.heads.size))
        weights = self.norm.read(site.read, full, self.heads.size)
        split = split_heads(site.graph, x, count, self.heads.size)
        normed = self.norm.emit(site.graph, split, weights)
        with site.graph.scope("merged"):
            return site.graph.op("Reshape", normed, site.graph.constant(0, 0, count * self.heads.size))[0]


def _below(parts: tuple[Array, ...], multipliers: tuple[float, ...]) -> Array:
    """Below each other, each times its own."""
    scaled = zip(parts, multipliers, strict=True)
    return np.concatenate([part if own == 1 else part * np.float32(own) for part, own in scaled])

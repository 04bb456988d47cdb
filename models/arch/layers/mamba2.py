"""Mamba-2's mixer (arXiv 2405.21060): a short convolution, then linear attention whose state decays by the token."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.arch.layers.part import Site
from models.errors import ArchitectureError
from models.graph.blocks import rms_norm
from models.graph.builder import CONTRIB, Value
from models.graph.linear import linear
from models.graph.recurrent import causal_conv, conv_cache, gated_linear_attention, ssm_cache
from models.manifest import CacheSpec
from models.quantize import CacheType
from models.smooth import Fold

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Multipliers:
    """What a family multiplies by on the way; all of it folds into the projections."""

    entering: float = 1.0
    gate: float = 1.0
    x: float = 1.0
    key: float = 1.0
    query: float = 1.0
    step: float = 1.0
    leaving: float = 1.0


@dataclass(frozen=True, slots=True)
class Mamba2:
    """What there is to know of a Mamba-2 part."""

    heads: int
    head_size: int
    groups: int
    """Of heads, which share keys and queries (B and C in the paper)."""
    state: int
    """Size of a key."""
    kernel: int
    epsilon: float
    norm: Literal["", "gated", "before_gate"] = "gated"
    """What comes out is multiplied by the gate and normed, in this order or the other; or only multiplied."""
    norm_groups: int = 1
    """Slices that are normed each by itself."""
    conv_bias: bool = True
    in_bias: bool = False
    out_bias: bool = False
    multipliers: Multipliers = Multipliers()
    prefix: str = "mamba"

    def __post_init__(self) -> None:
        """Refuse sizes that do not fit together.

        Raises:
            ArchitectureError: they do not.
        """
        sizes = (self.heads, self.head_size, self.groups, self.state)
        if min(sizes) < 1 or self.heads % self.groups or self.inner % self.norm_groups:
            raise ArchitectureError(
                f"{self.heads} mamba heads of {self.head_size} in {self.groups} groups with a state of "
                f"{self.state} do not fit; fetch the model again"
            )

    @property
    def inner(self) -> int:
        """Width of what the heads see together."""
        return self.heads * self.head_size

    @property
    def channels(self) -> int:
        """Of the convolution: values, keys and queries."""
        return self.inner + 2 * self.groups * self.state

    def consumers(self) -> tuple[str, ...]:
        """The projection in."""
        return (f"{self.prefix}.in_proj.weight",)

    def folds(self, prefix: str) -> tuple[Fold, ...]:
        """What goes out, where a norm's weight is the last thing it is multiplied by."""
        if not self.norm:
            return ()
        name = f"{prefix}.{self.prefix}"
        return (Fold(f"{name}.out_proj", (f"{name}.norm.weight",), (f"{name}.out_proj.weight",)),)

    def caches(self, layer: int, kv: CacheType) -> tuple[CacheSpec, ...]:
        """The convolution's last inputs, and the state of each head."""
        del kv
        return (
            conv_cache(layer, self.channels, self.kernel),
            ssm_cache(layer, self.heads, self.state, self.head_size),
        )

    def emit(self, site: Site, x: Value) -> Value:
        """Project, convolve, attend, gate and norm, project."""
        graph, shared = site.graph, self.groups * self.state
        conv, ssm = self.caches(site.layer, site.recipe.kv)
        gate, mixed, step = self._project(site, x)
        with graph.scope("conv"):
            weight = site.weight(f"{self.prefix}.conv1d.weight", self.channels, 1, self.kernel)
            bias = site.optional(f"{self.prefix}.conv1d.bias", self.channels, wanted=self.conv_bias)
            mixed = causal_conv(graph, mixed, weight, bias, conv, activation="silu")
            sizes = graph.constant(self.inner, shared, shared)
            value, key, query = graph.op("Split", mixed, sizes, outputs=("value", "key", "query"), axis=-1)
        with graph.scope("ssm"):
            rate = -np.exp(site.weight(f"{self.prefix}.A_log", self.heads))
            (step,) = graph.op("Softplus", step)
            (decay,) = graph.op("Mul", step, graph.weight("rate", rate))
            scaled = self._each_head(site, value, step)
            out = gated_linear_attention(
                graph, query, key, scaled, decay, ssm, groups=self.groups, heads=self.heads
            )
            with graph.scope("skip"):
                skip = np.repeat(site.weight(f"{self.prefix}.D", self.heads), self.head_size)
                (kept,) = graph.op("Mul", value, graph.weight("weight", skip))
                (out,) = graph.op("Add", out, kept)
        out = self._gated(site, out, gate)
        with graph.scope("out_proj"):
            if self.norm:
                graph.tap(f"{site.prefix}.{self.prefix}.out_proj", out)
            weight = site.weight(f"{self.prefix}.out_proj.weight", site.hidden, self.inner)
            bias = site.optional(f"{self.prefix}.out_proj.bias", site.hidden, wanted=self.out_bias)
            last = self.multipliers.leaving
            return linear(
                graph, out, site.scaled(weight, last), site.recipe.attention, site.scaled(bias, last)
            )

    def _project(self, site: Site, x: Value) -> tuple[Value, Value, Value]:
        """Gate, what is convolved, and the step before its softplus; the step's bias is added by the projection."""
        graph, inner, shared = site.graph, self.inner, self.groups * self.state
        parts = self.multipliers
        rows = inner + self.channels + self.heads
        measure = np.repeat(
            np.array([parts.gate, parts.x, parts.key, parts.query, parts.step], np.float32),
            (inner, inner, shared, shared, self.heads),
        )
        weight = site.weight(f"{self.prefix}.in_proj.weight", rows, site.hidden)
        weight = weight * (measure * np.float32(parts.entering))[:, None]
        bias = np.zeros(rows, np.float32)
        own = site.optional(f"{self.prefix}.in_proj.bias", rows, wanted=self.in_bias)
        if own is not None:
            bias += own * measure
        bias[-self.heads :] += site.weight(f"{self.prefix}.dt_bias", self.heads)
        with graph.scope("in_proj"):
            projected = linear(graph, x, weight, site.recipe.attention, bias)
        sizes = graph.constant(inner, self.channels, self.heads)
        gate, mixed, step = graph.op("Split", projected, sizes, outputs=("gate", "mixed", "step"), axis=-1)
        return gate, mixed, step

    def _each_head(self, site: Site, value: Value, step: Value) -> Value:
        """Each head's value times its step, [B, S, inner]."""
        graph = site.graph
        with graph.scope("value"):
            (split,) = graph.op("Reshape", value, graph.constant(0, 0, self.heads, self.head_size))
            (wide,) = graph.op("Unsqueeze", step, graph.constant(-1))
            (product,) = graph.op("Mul", split, wide)
            with graph.scope("merged"):
                return graph.op("Reshape", product, graph.constant(0, 0, self.inner))[0]

    def _gated(self, site: Site, out: Value, gate: Value) -> Value:
        """Times the gate, and normed if the family does."""
        graph = site.graph
        with graph.scope("gate"):
            (open_,) = graph.op("QuickGelu", gate, domain=CONTRIB, alpha=1.0)
            if self.norm == "before_gate":
                return graph.op("Mul", self._normed(site, out), open_)[0]
            (out,) = graph.op("Mul", out, open_)
            return self._normed(site, out) if self.norm else out

    def _normed(self, site: Site, out: Value) -> Value:
        """Root mean square over each slice."""
        graph, size = site.graph, self.inner // self.norm_groups
        weight = site.weight(f"{self.prefix}.norm.weight", self.inner)
        if self.norm_groups == 1:
            return rms_norm(graph, out, weight, self.epsilon)
        (split,) = graph.op("Reshape", out, graph.constant(0, 0, self.norm_groups, size))
        normed = rms_norm(graph, split, np.ones(size, np.float32), self.epsilon)
        with graph.scope("merged"):
            (merged,) = graph.op("Reshape", normed, graph.constant(0, 0, self.inner))
            return graph.op("Mul", merged, graph.weight("weight", weight))[0]

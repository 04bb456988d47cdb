"""The part that looks at one token at a time: gated (arXiv 2002.05202), or two matrices with GELU between."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.arch.layers.part import Site
from models.graph.blocks import Activation, gated_mlp, plain_mlp
from models.graph.builder import Value
from models.manifest import CacheSpec
from models.quantize import CacheType
from models.smooth import Fold, Rows

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class GatedFeedForward:
    """What there is to know of a gated feed-forward."""

    width: int
    activation: Activation = "silu"
    bias: bool = False
    multipliers: tuple[float, float] = (1.0, 1.0)
    """Of the gate before its activation, of what comes out."""
    prefix: str = "mlp"
    projections: tuple[str, str, str] = ("gate_proj", "up_proj", "down_proj")
    merged: str = ""
    """Name of one matrix that holds gate and up below each other, where the checkpoint has them so."""

    def consumers(self) -> tuple[str, ...]:
        """Gate and up."""
        names = (self.merged,) if self.merged else self.projections[:2]
        return tuple(f"{self.prefix}.{name}.weight" for name in names)

    def folds(self, prefix: str) -> tuple[Fold, ...]:
        """What goes into `down`: each channel of it is a row of up."""
        name = f"{prefix}.{self.prefix}"
        up, down = (f"{name}.{projection}" for projection in self.projections[1:])
        if self.merged:
            producers: tuple[str | Rows, ...] = (
                Rows(f"{name}.{self.merged}.weight", self.width, 2 * self.width),
            )
        else:
            producers = (f"{up}.weight", *((f"{up}.bias",) if self.bias else ()))
        return (Fold(down, producers, (f"{down}.weight",)),)

    def caches(self, layer: int, kv: CacheType) -> tuple[CacheSpec, ...]:
        """None."""
        del layer, kv
        return ()

    def emit(self, site: Site, x: Value) -> Value:
        """Gate and up in one matrix, activation, down."""
        name = f"{self.prefix}.{self.projections[2]}"
        down = site.weight(f"{name}.weight", site.hidden, self.width)
        bias = site.optional(f"{name}.bias", site.hidden, wanted=self.bias)
        return gated_mlp(
            site.graph,
            x,
            (self._gate_up(site), site.scaled(down, self.multipliers[1])),
            site.recipe.mlp,
            (self._gate_up_bias(site), site.scaled(bias, self.multipliers[1])),
            self.activation,
            f"{site.prefix}.{name}",
        )

    def _gate_up(self, site: Site) -> Array:
        """Gate above, up below."""
        shape = (self.width, site.hidden)
        if self.merged:
            both = site.weight(f"{self.prefix}.{self.merged}.weight", 2 * self.width, site.hidden)
            gate, up = both[: self.width], both[self.width :]
        else:
            gate, up = (site.weight(f"{self.prefix}.{name}.weight", *shape) for name in self.projections[:2])
        return np.concatenate([gate * np.float32(self.multipliers[0]), up])

    def _gate_up_bias(self, site: Site) -> Array | None:
        if not self.bias:
            return None
        gate, up = (site.weight(f"{self.prefix}.{name}.bias", self.width) for name in self.projections[:2])
        return np.concatenate([gate * np.float32(self.multipliers[0]), up])


@dataclass(frozen=True, slots=True)
class PlainFeedForward:
    """What there is to know of a feed-forward without a gate; with biases, and GELU by its tanh approximation."""

    width: int
    prefix: str = "mlp"
    projections: tuple[str, str] = ("fc1", "fc2")

    def consumers(self) -> tuple[str, ...]:
        """The first matrix."""
        return (f"{self.prefix}.{self.projections[0]}.weight",)

    def folds(self, prefix: str) -> tuple[Fold, ...]:
        """None: no factor passes the activation."""
        del prefix
        return ()

    def caches(self, layer: int, kv: CacheType) -> tuple[CacheSpec, ...]:
        """None."""
        del layer, kv
        return ()

    def emit(self, site: Site, x: Value) -> Value:
        """Wide, activation, narrow."""
        up, down = (f"{self.prefix}.{name}" for name in self.projections)
        weights = (
            site.weight(f"{up}.weight", self.width, site.hidden),
            site.scaled(site.weight(f"{down}.weight", site.hidden, self.width)),
        )
        biases = (
            site.weight(f"{up}.bias", self.width),
            site.scaled(site.weight(f"{down}.bias", site.hidden)),
        )
        return plain_mlp(site.graph, x, weights, site.recipe.mlp, biases)

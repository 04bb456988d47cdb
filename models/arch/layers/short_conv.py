"""LFM2's mixer: a gated convolution over the last few tokens (arXiv 2511.23404)."""

from dataclasses import dataclass

from models.arch.layers.part import Site
from models.graph.builder import Value
from models.graph.linear import linear
from models.graph.recurrent import causal_conv, conv_cache
from models.manifest import CacheSpec
from models.quantize import CacheType
from models.smooth import Fold


@dataclass(frozen=True, slots=True)
class ShortConv:
    """`out(c * conv(b * x))`, where b, c and x are thirds of one projection."""

    channels: int
    kernel: int
    bias: bool = False
    prefix: str = "conv"

    def consumers(self) -> tuple[str, ...]:
        """The projection in."""
        return (f"{self.prefix}.in_proj.weight",)

    def folds(self, prefix: str) -> tuple[Fold, ...]:
        """What goes out: each channel of it is one of the convolution."""
        name = f"{prefix}.{self.prefix}"
        producers = (f"{name}.conv.weight", *((f"{name}.conv.bias",) if self.bias else ()))
        return (Fold(f"{name}.out_proj", producers, (f"{name}.out_proj.weight",)),)

    def caches(self, layer: int, kv: CacheType) -> tuple[CacheSpec, ...]:
        """The convolution's last inputs."""
        del kv
        return (conv_cache(layer, self.channels, self.kernel),)

    def emit(self, site: Site, x: Value) -> Value:
        """Project, gate, convolve, gate, project."""
        graph, wide = site.graph, self.channels
        with graph.scope("in_proj"):
            weight = site.weight(f"{self.prefix}.in_proj.weight", 3 * wide, site.hidden)
            bias = site.optional(f"{self.prefix}.in_proj.bias", 3 * wide, wanted=self.bias)
            projected = linear(graph, x, weight, site.recipe.attention, bias)
        b, c, x = graph.op(
            "Split", projected, graph.constant(wide, wide, wide), outputs=("b", "c", "x"), axis=-1
        )
        (gated,) = graph.op("Mul", b, x)
        (cache,) = self.caches(site.layer, site.recipe.kv)
        with graph.scope("conv"):
            weight = site.weight(f"{self.prefix}.conv.weight", wide, 1, self.kernel)
            bias = site.optional(f"{self.prefix}.conv.bias", wide, wanted=self.bias)
            mixed = causal_conv(graph, gated, weight, bias, cache)
        with graph.scope("out_proj"):
            (product,) = graph.op("Mul", c, mixed)
            graph.tap(f"{site.prefix}.{self.prefix}.out_proj", product)
            weight = site.scaled(site.weight(f"{self.prefix}.out_proj.weight", site.hidden, wide))
            bias = site.optional(f"{self.prefix}.out_proj.bias", site.hidden, wanted=self.bias)
            return linear(graph, product, weight, site.recipe.attention, site.scaled(bias))

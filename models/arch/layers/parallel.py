"""Two parts side by side: both see the same, and what they put out is added."""

from dataclasses import dataclass

from models.arch.layers.part import Part, Site
from models.graph.builder import Value
from models.manifest import CacheSpec
from models.quantize import CacheType
from models.smooth import Fold


@dataclass(frozen=True, slots=True)
class Parallel:
    """`left(x) + right(x)`."""

    left: Part
    right: Part

    def consumers(self) -> tuple[str, ...]:
        """Those of both."""
        return (*self.left.consumers(), *self.right.consumers())

    def folds(self, prefix: str) -> tuple[Fold, ...]:
        """Those of both."""
        return (*self.left.folds(prefix), *self.right.folds(prefix))

    def caches(self, layer: int, kv: CacheType) -> tuple[CacheSpec, ...]:
        """Those of both."""
        return (*self.left.caches(layer, kv), *self.right.caches(layer, kv))

    def emit(self, site: Site, x: Value) -> Value:
        """One after the other, then the sum."""
        with site.graph.scope("left"):
            left = self.left.emit(site, x)
        with site.graph.scope("right"):
            right = self.right.emit(site, x)
        return site.graph.op("Add", left, right)[0]

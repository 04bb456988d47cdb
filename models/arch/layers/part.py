"""Where a part of a layer is emitted, and what a part has to offer. Knows no architecture."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.arch.reading import Reader
from models.graph.blocks import Rotary, Steps
from models.graph.builder import Graph, Value
from models.manifest import CacheSpec
from models.quantize import CacheType, Recipe
from models.smooth import Fold

Array = NDArray[np.float32]
Optional = TypeVar("Optional", Array, Array | None)


@dataclass(frozen=True, slots=True)
class Site:
    """One layer under construction."""

    graph: Graph
    read: Reader
    recipe: Recipe
    steps: Steps
    rotary: Mapping[str, Rotary]
    """Position tables by name, as `Decoder.rotary` has them."""
    layer: int
    prefix: str
    """What the layer's tensors are called in the checkpoint, before the part's own name."""
    hidden: int
    """Width of the stream."""
    branch: float
    """What a part multiplies into the last thing it puts out."""

    def weight(self, name: str, *shape: int) -> Array:
        """The layer's tensor `name`.

        Raises:
            WeightsError: it is missing, or of another shape.
        """
        return self.read(f"{self.prefix}.{name}", *shape)

    def optional(self, name: str, *shape: int, wanted: bool) -> Array | None:
        """The layer's tensor `name` if it is wanted."""
        return self.weight(name, *shape) if wanted else None

    def scaled(self, tensor: Optional, multiplier: float = 1.0) -> Optional:
        """The last weights of a part, in the measure of the stream that its output joins."""
        return None if tensor is None else tensor * np.float32(self.branch * multiplier)


class Part(Protocol):
    """A mixer (which looks at other tokens) or a feed-forward (which doesn't)."""

    def consumers(self) -> tuple[str, ...]:
        """Matrices, below the layer's prefix, that multiply what goes in."""
        ...

    def folds(self, prefix: str) -> tuple[Fold, ...]:
        """Activations inside that can be evened out before quantising."""
        ...

    def caches(self, layer: int, kv: CacheType) -> tuple[CacheSpec, ...]:
        """What it keeps between steps, keys and values in the type `kv`."""
        ...

    def emit(self, site: Site, x: Value) -> Value:
        """[B, S, hidden] to the same; declares the caches' inputs and outputs."""
        ...

"""What a row of the table says: how one architecture's GGUF files translate to Hugging Face's form. Opens no file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.errors import ArchitectureError
from models.weights.gguf_metadata import Metadata

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a file says about its configuration."""

    metadata: Metadata
    names: frozenset[str]
    """Of its tensors, Hugging Face's."""
    vocabulary: int
    """Rows of the embedding."""
    rope_factors: tuple[float, ...]
    """Divisors of the rotary frequencies: Llama 3 files carry them as a tensor. Empty for none."""


Setting = Callable[[Facts], Any]
"""The value of one key of `config.json`."""


@dataclass(frozen=True, slots=True)
class Restored:
    """How a tensor that the converter changed becomes again what its maker published."""

    values: Callable[[Array], Array]
    shape: Callable[[tuple[int, ...]], tuple[int, ...]] = tuple
    """Of the values, from the stored shape."""


@dataclass(frozen=True, slots=True)
class Naming:
    """One architecture's translation. `{}` stands for the layer's number."""

    model_type: str
    """Hugging Face's name of the architecture."""
    tensors: Mapping[str, str]
    """GGUF tensor name to Hugging Face's, for what every layer of every checkpoint has.

    Two that translate to one name are its rows, the first above the second.
    """
    optional: Mapping[str, str]
    """The same for what a checkpoint, or a layer, may lack."""
    config: Mapping[str, Setting]
    """Key of `config.json` to where its value comes from."""
    built: Mapping[str, tuple[object, ...]]
    """Metadata key, less the architecture's prefix, to the values that are built; a missing key is one of them."""
    ignored: frozenset[str] = frozenset()
    """Tensors that carry nothing: what they hold follows from the configuration."""
    query_rows: frozenset[str] = frozenset()
    """Tensors whose rows are permuted, one group of rows a query head."""
    key_rows: frozenset[str] = frozenset()
    """The same, one group a key head."""
    restored: Mapping[str, Restored] = field(default_factory=dict)
    """Tensors that are stored otherwise than their maker published them."""

    def config_of(self, facts: Facts) -> dict[str, Any]:
        """`config.json` as the maker's would be, in the keys that `models.arch` uses.

        Raises:
            WeightsError: a key is missing or impossible.
            ArchitectureError: a key asks for what is not built.
        """
        metadata = facts.metadata
        for key, values in self.built.items():
            if (found := metadata.value(key)) is not None and found not in values:
                raise ArchitectureError(
                    f"{metadata.file} has {metadata.full(key)!r} {str(found)[:40]}, which is not built; "
                    "use another model"
                )
        settings = {key: setting(facts) for key, setting in self.config.items()}
        return {"model_type": self.model_type, **settings}

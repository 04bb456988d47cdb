"""A model as its maker shipped it: configuration, named weights, tokenizer, chat template.

One shape for every source: readers (`models.weights`) translate GGUF and safetensors into Hugging Face's names, so an
architecture (`models.arch`) sees one naming. Knows nothing of graphs or quantisation.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from models.manifest import SamplingDefaults

_FLOATS: Final = frozenset({"F64", "F32", "F16", "BF16"})


class Weights(Protocol):
    """Named tensors, read one at a time: holding them all is the caller's choice."""

    def __iter__(self) -> Iterator[str]:
        """Names, in Hugging Face's form (`model.layers.0.self_attn.q_proj.weight`), sorted."""
        ...

    def __contains__(self, name: object) -> bool:
        """Whether the checkpoint has this tensor."""
        ...

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape as in PyTorch (`[out, in]` for a linear layer), without reading the data."""
        ...

    def stored(self, name: str) -> str:
        """How the file stores it, in its format's own word: F32, BF16, Q4_K."""
        ...

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        """The tensor as float32, dequantised if need be, C-contiguous, read now.

        Raises:
            KeyError: no such tensor.
            WeightsError: the file ends before the tensor does.
        """
        ...


@dataclass(frozen=True)
class Checkpoint:
    """Everything a bundle is built from."""

    config: Mapping[str, Any]
    """As `config.json` has it (`model_type`, `hidden_size`, ...), whatever the file format was."""
    weights: Weights
    tokenizer: bytes
    """`tokenizer.json`."""
    chat_template: str
    """Jinja source; empty for a base model."""
    bos_id: int | None
    eos_ids: tuple[int, ...]
    sampling: SamplingDefaults = field(default_factory=SamplingDefaults)

    @property
    def parameters(self) -> int:
        """Weights in all."""
        return sum(map(self._size, self.weights))

    @property
    def quantized(self) -> bool:
        """Whether most of the weights were quantised already."""
        floats = sum(self._size(name) for name in self.weights if self.weights.stored(name) in _FLOATS)
        return 2 * floats < self.parameters

    def _size(self, name: str) -> int:
        return math.prod(self.weights.shape(name))

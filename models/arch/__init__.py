"""One architecture, one module: a `Config` that declares what it uses of `config.json`, and `dense(raw)`.

The table is explicit: a configuration file never chooses what is imported.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from models.arch import gemma3, granite, llama, olmo2, qwen2, qwen3, smollm3
from models.arch.dense import Dense, build, folds
from models.checkpoint import Weights
from models.errors import ArchitectureError
from models.graph.builder import Graph
from models.manifest import CacheSpec
from models.quantize import Recipe
from models.smooth import Fold


@dataclass(frozen=True, slots=True)
class Plan:
    """What an architecture makes of a configuration, ready to be built."""

    context_length: int
    vocabulary_size: int
    tied: bool
    """The head is the embedding table."""
    folds: tuple[Fold, ...]
    """Where activations can be evened out before quantising."""
    build: Callable[[Graph, Weights, Recipe], tuple[CacheSpec, ...]]


ARCHITECTURES: Final[Mapping[str, Callable[[Mapping[str, Any]], Dense]]] = {
    "gemma3_text": gemma3.dense,
    "granite": granite.dense,
    "llama": llama.dense,
    "olmo2": olmo2.dense,
    "qwen2": qwen2.dense,
    "qwen3": qwen3.dense,
    "smollm3": smollm3.dense,
}
"""By `model_type`."""


def plan(config: Mapping[str, Any]) -> Plan:
    """Look the architecture up by `model_type`.

    Raises:
        ArchitectureError: unknown, or it asks for a feature that is not built (the message says which).
    """
    kind = str(config.get("model_type", "unnamed"))
    if kind not in ARCHITECTURES:
        raise ArchitectureError(
            f"architecture {kind!r} is not built; known: {', '.join(sorted(ARCHITECTURES))}"
        )
    dense = ARCHITECTURES[kind](config)
    dense.check()
    return Plan(
        context_length=dense.context,
        vocabulary_size=dense.vocabulary,
        tied=dense.tied,
        folds=folds(dense),
        build=lambda graph, weights, recipe: build(graph, dense, weights, recipe),
    )

"""One architecture, one module, three names.

They are `Config` (with `from_hf`), `folds(config)` and `build(graph, config, weights, recipe)`.

The table is explicit: a configuration file never chooses what is imported.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from models.arch import llama
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


_PLANS: Final[Mapping[str, Callable[[Mapping[str, Any]], Plan]]] = {
    "llama": lambda raw: _plan(llama.Config.from_hf(raw)),
}


def plan(config: Mapping[str, Any]) -> Plan:
    """Look the architecture up by `model_type`.

    Raises:
        ArchitectureError: unknown, or it asks for a feature that is not built (the message says which).
    """
    kind = str(config.get("model_type", "unnamed"))
    if kind not in _PLANS:
        raise ArchitectureError(f"architecture {kind!r} is not built; known: {', '.join(sorted(_PLANS))}")
    return _PLANS[kind](config)


def _plan(config: llama.Config) -> Plan:
    return Plan(
        context_length=config.context,
        vocabulary_size=config.vocab_size,
        tied=config.tie_word_embeddings,
        folds=llama.folds(config),
        build=lambda graph, weights, recipe: llama.build(graph, config, weights, recipe),
    )

"""One architecture, one module: a `Config` that declares what it uses of `config.json`, and `decoder(raw)`.

The table is explicit: a configuration file never chooses what is imported.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from models.arch import (
    falcon_h1,
    gemma3,
    granite,
    granite_hybrid,
    internlm2,
    lfm2,
    llama,
    olmo2,
    phi,
    qwen2,
    qwen3,
    smollm3,
    stablelm,
)
from models.arch.decoder import Decoder, build, folds
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


ARCHITECTURES: Final[Mapping[str, Callable[[Mapping[str, Any]], Decoder]]] = {
    "falcon_h1": falcon_h1.decoder,
    "gemma3_text": gemma3.decoder,
    "granite": granite.decoder,
    "granitemoehybrid": granite_hybrid.decoder,
    "internlm2": internlm2.decoder,
    "lfm2": lfm2.decoder,
    "llama": llama.decoder,
    "olmo2": olmo2.decoder,
    "phi": phi.decoder,
    "qwen2": qwen2.decoder,
    "qwen3": qwen3.decoder,
    "smollm3": smollm3.decoder,
    "stablelm": stablelm.decoder,
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
    decoder = ARCHITECTURES[kind](config)
    return Plan(
        context_length=decoder.context,
        vocabulary_size=decoder.vocabulary,
        tied=decoder.tied,
        folds=folds(decoder),
        build=lambda graph, weights, recipe: build(graph, decoder, weights, recipe),
    )

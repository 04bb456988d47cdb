"""One architecture, one module: `MODEL_TYPES` that it builds, and `decoder(config)`; most have a `Config` of their own.

The architectures are the modules that lie here, all of them imported: a configuration chooses among them and never
what is imported. Taking a file away takes its rows away and nothing else.
"""

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Protocol, cast

from models.arch.decoder import Decoder, build, folds
from models.checkpoint import Weights
from models.errors import ArchitectureError
from models.graph.builder import Graph
from models.manifest import CacheSpec
from models.quantize import Recipe
from models.smooth import Fold

SHARED: Final = frozenset({"common", "decoder", "layers", "reading"})
"""Modules here that are no architecture."""


class Architecture(Protocol):
    """What a module here has to offer."""

    MODEL_TYPES: tuple[str, ...]
    """As `config.json` names what it builds."""

    def decoder(self, raw: Mapping[str, Any], /) -> Decoder:
        """The decoder of a configuration.

        Raises:
            ArchitectureError: a key is missing, or a feature of it is not built.
        """
        ...


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


def _found() -> dict[str, Architecture]:
    names = [module.name for module in pkgutil.iter_modules(__path__) if module.name not in SHARED]
    modules = [cast("Architecture", import_module(f"{__name__}.{name}")) for name in sorted(names)]
    return {model_type: module for module in modules for model_type in module.MODEL_TYPES}


ARCHITECTURES: Final[Mapping[str, Architecture]] = _found()
"""By `model_type`."""


def plan(config: Mapping[str, Any]) -> Plan:
    """Look the architecture up by `model_type`.

    Raises:
        ArchitectureError: unknown, or it asks for a feature that is not built (the message says which).
    """
    kind = str(config.get("model_type", ""))
    if not kind:
        raise ArchitectureError("config.json has no model_type; fetch the model again")
    if kind not in ARCHITECTURES:
        raise ArchitectureError(
            f"architecture {kind[:60]!r} is not built; choose a model of one of these: "
            f"{', '.join(sorted(ARCHITECTURES))} (an encoder, such as bert, is made with `ingle export`)"
        )
    decoder = ARCHITECTURES[kind].decoder(config)
    return Plan(
        context_length=decoder.context,
        vocabulary_size=decoder.vocabulary,
        tied=decoder.tied,
        folds=folds(decoder),
        build=lambda graph, weights, recipe: build(graph, decoder, weights, recipe),
    )

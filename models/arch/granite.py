"""Granite 3, dense: as llama, with four multipliers, all of them folded into weights and scales."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from models.arch import common
from models.arch.decoder import Decoder
from models.arch.reading import read_config, require

MODEL_TYPES: Final = ("granite",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(common.Config):
    """What Granite adds."""

    embedding_multiplier: float
    residual_multiplier: float
    attention_multiplier: float
    logits_scaling: float


def decoder(raw: Mapping[str, Any]) -> Decoder:
    """The decoder of a configuration.

    Raises:
        ArchitectureError: a key is missing, or a feature of it is not built.
    """
    config = read_config(Config, raw, "granite")
    require("granite", "activation", config.hidden_act, "silu")
    attention = replace(config.attention(), scale=config.attention_multiplier)
    return replace(
        config.decoder("granite", attention),
        embedding_multiplier=config.embedding_multiplier,
        residual_multiplier=config.residual_multiplier,
        logits_divisor=config.logits_scaling,
    )

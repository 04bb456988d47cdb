"""Llama (arXiv 2302.13971): SmolLM2, Llama 3.2, TinyLlama, Falcon3."""

from collections.abc import Mapping
from typing import Any, Final

from models.arch.common import Config
from models.arch.decoder import Decoder
from models.arch.reading import read_config, require

MODEL_TYPES: Final = ("llama",)


def decoder(raw: Mapping[str, Any]) -> Decoder:
    """The decoder of a configuration.

    Raises:
        ArchitectureError: a key is missing, or a feature of it is not built.
    """
    config = read_config(Config, raw, "llama")
    require("llama", "activation", config.hidden_act, "silu")
    return config.decoder("llama", config.attention())

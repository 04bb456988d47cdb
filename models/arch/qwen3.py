"""Qwen3 (arXiv 2505.09388): as llama, with each head of q and k normed before rotary."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from models.arch.common import Config
from models.arch.decoder import Decoder
from models.arch.reading import read_config, require

MODEL_TYPES: Final = ("qwen3",)


def decoder(raw: Mapping[str, Any]) -> Decoder:
    """The decoder of a configuration.

    Raises:
        ArchitectureError: a key is missing, or a feature of it is not built.
    """
    config = read_config(Config, raw, "qwen3")
    require("qwen3", "activation", config.hidden_act, "silu")
    require("qwen3", "use_sliding_window", config.use_sliding_window, built=False)
    return config.decoder("qwen3", replace(config.attention(), qk_norm="head"))

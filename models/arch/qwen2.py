"""Qwen2.5 (arXiv 2412.15115): as llama, with biases on q, k and v."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from models.arch.common import Config
from models.arch.decoder import Decoder
from models.arch.reading import read_config, require

MODEL_TYPES: Final = ("qwen2",)


def decoder(raw: Mapping[str, Any]) -> Decoder:
    """The decoder of a configuration.

    Raises:
        ArchitectureError: a key is missing, or a feature of it is not built.
    """
    config = read_config(Config, raw, "qwen2")
    require("qwen2", "activation", config.hidden_act, "silu")
    require("qwen2", "use_sliding_window", config.use_sliding_window, built=False)
    return config.decoder("qwen2", replace(config.attention(), qkv_bias=True))

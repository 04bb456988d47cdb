"""Qwen3 (arXiv 2505.09388): as llama, with each head of q and k normed before rotary."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from models.arch import common
from models.arch.decoder import Decoder
from models.arch.reading import read_config, require

MODEL_TYPES: Final = ("qwen3",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(common.Config):
    """What Qwen3 adds."""

    use_sliding_window: bool = False


def decoder(raw: Mapping[str, Any]) -> Decoder:
    """The decoder of a configuration.

    Raises:
        ArchitectureError: a key is missing, or a feature of it is not built.
    """
    config = read_config(Config, raw, "qwen3")
    require("qwen3", "activation", config.hidden_act, "silu")
    require("qwen3", "use_sliding_window", config.use_sliding_window, built=False)
    return config.decoder("qwen3", replace(config.attention(), qk_norm="head"))

"""OLMo 2 (arXiv 2501.00656): norms after attention and feed-forward, none before; queries and keys normed whole."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from models.arch.common import Config
from models.arch.decoder import Decoder
from models.arch.reading import read_config, require

MODEL_TYPES: Final = ("olmo2",)


def decoder(raw: Mapping[str, Any]) -> Decoder:
    """The decoder of a configuration.

    Raises:
        ArchitectureError: a key is missing, or a feature of it is not built.
    """
    config = read_config(Config, raw, "olmo2")
    require("olmo2", "activation", config.hidden_act, "silu")
    require("olmo2", "attention_bias", config.attention_bias, built=False)
    require("olmo2", "mlp_bias", config.mlp_bias, built=False)
    return replace(
        config.decoder("olmo2", replace(config.attention(), qk_norm="whole")),
        pre_norms=None,
        post_norms=("post_attention_layernorm", "post_feedforward_layernorm"),
    )

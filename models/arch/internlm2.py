"""InternLM2 (arXiv 2403.17297): llama under other names, with queries, keys and values in one matrix."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from models.arch import common
from models.arch.decoder import Decoder
from models.arch.layers.feed_forward import GatedFeedForward
from models.arch.reading import read_config, require

MODEL_TYPES: Final = ("internlm2",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(common.Config):
    """What InternLM2 adds."""

    bias: bool = True
    """Of attention."""


def decoder(raw: Mapping[str, Any]) -> Decoder:
    """The decoder of a configuration.

    Raises:
        ArchitectureError: a key is missing, or a feature of it is not built.
    """
    config = read_config(Config, raw, "internlm2")
    require("internlm2", "activation", config.hidden_act, "silu")
    attention = replace(
        config.attention(),
        qkv_bias=config.bias,
        output_bias=config.bias,
        prefix="attention",
        projections=("wq", "wk", "wv", "wo"),
        merged="wqkv",
    )
    return replace(
        config.decoder("internlm2", attention),
        feed_forward=GatedFeedForward(
            config.intermediate_size, prefix="feed_forward", projections=("w1", "w3", "w2")
        ),
        pre_norms=("attention_norm", "ffn_norm"),
        embedding="model.tok_embeddings",
        head="output",
    )

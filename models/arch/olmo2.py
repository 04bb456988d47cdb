"""OLMo 2 (arXiv 2501.00656): norms after attention and feed-forward, none before; queries and keys normed whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.arch.dense import Dense
from models.arch.reading import CONTEXT_CAP, read_config, require
from models.graph import rotary
from models.graph.blocks import Heads


@dataclass(frozen=True, slots=True)
class Config:
    """What we use of `config.json`; the rest of it is ignored."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    vocab_size: int
    rms_norm_eps: float
    max_position_embeddings: int
    rope_theta: float = 500_000.0
    rope_scaling: dict[str, Any] | None = None
    tie_word_embeddings: bool = False
    hidden_act: str = "silu"
    attention_bias: bool = False


def dense(raw: Mapping[str, Any]) -> Dense:
    """The decoder of a configuration.

    Raises:
        ArchitectureError: a key is missing, or a feature of it is not built.
    """
    config = read_config(Config, raw, "olmo2")
    require("olmo2", "activation", config.hidden_act, "silu")
    require("olmo2", "attention_bias", config.attention_bias, built=False)
    size = config.hidden_size // config.num_attention_heads
    return Dense(
        family="olmo2",
        vocabulary=config.vocab_size,
        hidden=config.hidden_size,
        intermediate=config.intermediate_size,
        layers=config.num_hidden_layers,
        heads=Heads(config.num_attention_heads, config.num_key_value_heads, size),
        epsilon=config.rms_norm_eps,
        context=min(config.max_position_embeddings, CONTEXT_CAP),
        frequencies=rotary.frequencies(size, config.rope_theta, config.rope_scaling),
        tied=config.tie_word_embeddings,
        qk_norm="whole",
        pre_norms=None,
        post_norms=("post_attention_layernorm", "post_feedforward_layernorm"),
    )

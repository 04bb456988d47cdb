"""Llama (arXiv 2302.13971): SmolLM2, Llama 3.2, TinyLlama, Falcon3."""

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
    vocab_size: int
    num_key_value_heads: int = 0
    head_dim: int = 0
    rms_norm_eps: float = 1e-6
    rope_theta: float = 10000.0
    rope_scaling: dict[str, Any] | None = None
    max_position_embeddings: int = 2048
    tie_word_embeddings: bool = False
    attention_bias: bool = False
    mlp_bias: bool = False
    hidden_act: str = "silu"


def dense(raw: Mapping[str, Any]) -> Dense:
    """The decoder of a configuration.

    Raises:
        ArchitectureError: a key is missing, or a feature of it is not built.
    """
    config = read_config(Config, raw, "llama")
    require("llama", "activation", config.hidden_act, "silu")
    size = config.head_dim or config.hidden_size // config.num_attention_heads
    return Dense(
        family="llama",
        vocabulary=config.vocab_size,
        hidden=config.hidden_size,
        intermediate=config.intermediate_size,
        layers=config.num_hidden_layers,
        heads=Heads(
            config.num_attention_heads, config.num_key_value_heads or config.num_attention_heads, size
        ),
        epsilon=config.rms_norm_eps,
        context=min(config.max_position_embeddings, CONTEXT_CAP),
        frequencies=rotary.frequencies(size, config.rope_theta, config.rope_scaling),
        tied=config.tie_word_embeddings,
        qkv_bias=config.attention_bias,
        output_bias=config.attention_bias,
        mlp_bias=config.mlp_bias,
    )

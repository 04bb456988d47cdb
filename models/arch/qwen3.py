"""Qwen3 (arXiv 2505.09388): as llama, with each head of q and k normed before rotary."""

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
    head_dim: int
    rope_theta: float = 10000.0
    rope_scaling: dict[str, Any] | None = None
    tie_word_embeddings: bool = False
    hidden_act: str = "silu"
    attention_bias: bool = False
    use_sliding_window: bool = False


def dense(raw: Mapping[str, Any]) -> Dense:
    """The decoder of a configuration.

    Raises:
        ArchitectureError: a key is missing, or a feature of it is not built.
    """
    config = read_config(Config, raw, "qwen3")
    require("qwen3", "activation", config.hidden_act, "silu")
    require("qwen3", "use_sliding_window", config.use_sliding_window, built=False)
    size = config.head_dim
    return Dense(
        family="qwen3",
        vocabulary=config.vocab_size,
        hidden=config.hidden_size,
        intermediate=config.intermediate_size,
        layers=config.num_hidden_layers,
        heads=Heads(config.num_attention_heads, config.num_key_value_heads, size),
        epsilon=config.rms_norm_eps,
        context=min(config.max_position_embeddings, CONTEXT_CAP),
        frequencies=rotary.frequencies(size, config.rope_theta, config.rope_scaling),
        tied=config.tie_word_embeddings,
        qkv_bias=config.attention_bias,
        output_bias=config.attention_bias,
        qk_norm="head",
    )

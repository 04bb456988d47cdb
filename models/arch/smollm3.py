"""SmolLM3: as llama, without rotary positions in every fourth layer (NoPE, arXiv 2501.18795)."""

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
    rope_theta: float = 10000.0
    rope_scaling: dict[str, Any] | None = None
    tie_word_embeddings: bool = True
    hidden_act: str = "silu"
    attention_bias: bool = False
    mlp_bias: bool = False
    use_sliding_window: bool = False
    no_rope_layers: tuple[int, ...] = ()
    """One number a layer: 1 with rotary, 0 without. Empty: every `no_rope_layer_interval`-th without."""
    no_rope_layer_interval: int = 4


def dense(raw: Mapping[str, Any]) -> Dense:
    """The decoder of a configuration.

    Raises:
        ArchitectureError: a key is missing, or a feature of it is not built.
    """
    config = read_config(Config, raw, "smollm3")
    require("smollm3", "activation", config.hidden_act, "silu")
    require("smollm3", "use_sliding_window", config.use_sliding_window, built=False)
    size = config.hidden_size // config.num_attention_heads
    layers = range(config.num_hidden_layers)
    if config.no_rope_layers:
        require("smollm3", "a number of no_rope_layers of", len(config.no_rope_layers), len(layers))
        unrotated = {
            layer for layer, rotated in zip(layers, config.no_rope_layers, strict=True) if not rotated
        }
    else:
        unrotated = {layer for layer in layers if (layer + 1) % config.no_rope_layer_interval == 0}
    return Dense(
        family="smollm3",
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
        mlp_bias=config.mlp_bias,
        unrotated=frozenset(unrotated),
    )

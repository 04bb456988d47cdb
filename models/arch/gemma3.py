"""Gemma 3 (arXiv 2503.19786), text: norms on both sides of a branch, normed heads, five local layers a global one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.arch.dense import Dense, Local
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
    head_dim: int
    vocab_size: int
    query_pre_attn_scalar: float
    sliding_window: int
    rms_norm_eps: float = 1e-6
    max_position_embeddings: int = 32768
    layer_types: tuple[str, ...] = ()
    """A layer's kind: sliding_attention or full_attention. Empty: every `sliding_window_pattern`-th is full."""
    sliding_window_pattern: int = 6
    rope_theta: float = 1_000_000.0
    rope_local_base_freq: float = 10_000.0
    rope_scaling: dict[str, Any] | None = None
    tie_word_embeddings: bool = True
    hidden_activation: str = "gelu_pytorch_tanh"
    attention_bias: bool = False
    attn_logit_softcapping: float | None = None
    final_logit_softcapping: float | None = None
    use_bidirectional_attention: bool = False

    @property
    def sliding(self) -> frozenset[int]:
        """Layers that see a window only."""
        if self.layer_types:
            kinds = dict(enumerate(self.layer_types))
            return frozenset(layer for layer, kind in kinds.items() if kind == "sliding_attention")
        layers = range(self.num_hidden_layers)
        return frozenset(layer for layer in layers if (layer + 1) % self.sliding_window_pattern)


def dense(raw: Mapping[str, Any]) -> Dense:
    """The decoder of a configuration.

    Raises:
        ArchitectureError: a key is missing, or a feature of it is not built.
    """
    config = read_config(Config, raw, "gemma3")
    require("gemma3", "activation", config.hidden_activation, "gelu_pytorch_tanh")
    require("gemma3", "attention_bias", config.attention_bias, built=False)
    require("gemma3", "attn_logit_softcapping", config.attn_logit_softcapping, built=None)
    require("gemma3", "final_logit_softcapping", config.final_logit_softcapping, built=None)
    require("gemma3", "use_bidirectional_attention", config.use_bidirectional_attention, built=False)
    size = config.head_dim
    near = rotary.frequencies(size, config.rope_local_base_freq, None)
    return Dense(
        family="gemma3",
        vocabulary=config.vocab_size,
        hidden=config.hidden_size,
        intermediate=config.intermediate_size,
        layers=config.num_hidden_layers,
        heads=Heads(config.num_attention_heads, config.num_key_value_heads, size),
        epsilon=config.rms_norm_eps,
        context=min(config.max_position_embeddings, CONTEXT_CAP),
        frequencies=rotary.frequencies(size, config.rope_theta, config.rope_scaling),
        tied=config.tie_word_embeddings,
        attention_scale=config.query_pre_attn_scalar**-0.5,
        qk_norm="head",
        pre_norms=("input_layernorm", "pre_feedforward_layernorm"),
        post_norms=("post_attention_layernorm", "post_feedforward_layernorm"),
        norm_offset=1.0,
        activation="gelu_tanh",
        local=Local(config.sliding, config.sliding_window, near),
        embedding_multiplier=config.hidden_size**0.5,
    )

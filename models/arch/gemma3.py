"""Gemma 3 (arXiv 2503.19786), text: norms on both sides of a branch, normed heads, five local layers a global one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from models.arch import common
from models.arch.decoder import Decoder
from models.arch.layers.attention import GLOBAL
from models.arch.layers.feed_forward import GatedFeedForward
from models.arch.layers.norm import Norm
from models.arch.reading import read_config, require, require_kinds
from models.graph import rotary

MODEL_TYPES: Final = ("gemma3_text",)

LOCAL: Final = "local"
_SLIDING, _FULL = "sliding_attention", "full_attention"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(common.Config):
    """What Gemma 3 adds."""

    head_dim: int
    query_pre_attn_scalar: float
    sliding_window: int
    max_position_embeddings: int = 32768
    layer_types: tuple[str, ...] = ()
    """A layer's kind: sliding_attention or full_attention. Empty: every `sliding_window_pattern`-th is full."""
    sliding_window_pattern: int = 6
    rope_theta: float = 1_000_000.0
    rope_local_base_freq: float = 10_000.0
    tie_word_embeddings: bool = True
    hidden_activation: str = "gelu_pytorch_tanh"
    attn_logit_softcapping: float | None = None
    final_logit_softcapping: float | None = None
    use_bidirectional_attention: bool = False

    @property
    def norm(self) -> Norm:
        """One is added to the stored weight."""
        return Norm(self.rms_norm_eps, offset=1.0)

    @property
    def sliding(self) -> tuple[bool, ...]:
        """Which layers see a window only."""
        if self.layer_types:
            return tuple(kind == _SLIDING for kind in self.layer_types)
        return tuple(
            bool((layer + 1) % self.sliding_window_pattern) for layer in range(self.num_hidden_layers)
        )


def decoder(raw: Mapping[str, Any]) -> Decoder:
    """The decoder of a configuration.

    Raises:
        ArchitectureError: a key is missing, or a feature of it is not built.
    """
    config = read_config(Config, _as_before(raw), "gemma3")
    require("gemma3", "activation", config.hidden_activation, "gelu_pytorch_tanh")
    require("gemma3", "attention_bias", config.attention_bias, built=False)
    require("gemma3", "mlp_bias", config.mlp_bias, built=False)
    require("gemma3", "attn_logit_softcapping", config.attn_logit_softcapping, built=None)
    require("gemma3", "final_logit_softcapping", config.final_logit_softcapping, built=None)
    require("gemma3", "use_bidirectional_attention", config.use_bidirectional_attention, built=False)
    if config.layer_types:
        require_kinds("gemma3", config.num_hidden_layers, config.layer_types, (_FULL, _SLIDING))
    far = replace(config.attention(), scale=config.query_pre_attn_scalar**-0.5, qk_norm="head")
    near = replace(far, rotary=LOCAL, window=config.sliding_window)
    return replace(
        config.decoder("gemma3", *(near if slides else far for slides in config.sliding)),
        feed_forward=GatedFeedForward(config.intermediate_size, "gelu_tanh"),
        rotary={
            GLOBAL: config.frequencies,
            LOCAL: rotary.frequencies(config.head_dim, config.rope_local_base_freq, None),
        },
        pre_norms=("input_layernorm", "pre_feedforward_layernorm"),
        post_norms=("post_attention_layernorm", "post_feedforward_layernorm"),
        embedding_multiplier=config.hidden_size**0.5,
    )


def _as_before(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """The configuration with its rotary keys where transformers 4 has them; 5 has an object for each type of layer."""
    nested = raw.get("rope_parameters")
    if not isinstance(nested, Mapping) or not {_SLIDING, _FULL} <= nested.keys():
        return raw
    near, far = nested[_SLIDING], nested[_FULL]
    if not isinstance(near, Mapping) or not isinstance(far, Mapping):
        return raw
    require("gemma3", "a rotary scaling of local layers of", near.get("rope_type", "default"), "default")
    local = {"rope_local_base_freq": near["rope_theta"]} if "rope_theta" in near else {}
    return {**raw, **local, "rope_parameters": far}

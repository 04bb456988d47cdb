"""Phi-1.5 (arXiv 2309.05463): attention and a feed-forward without a gate side by side, biases everywhere."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from models.arch import common
from models.arch.decoder import Decoder
from models.arch.layers.feed_forward import PlainFeedForward
from models.arch.layers.norm import Norm
from models.arch.layers.parallel import Parallel
from models.arch.reading import read_config, require

MODEL_TYPES: Final = ("phi",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(common.Config):
    """What Phi adds."""

    hidden_act: str = "gelu_new"
    layer_norm_eps: float = 1e-5
    partial_rotary_factor: float = 0.5
    qk_layernorm: bool = False

    @property
    def norm(self) -> Norm:
        """Mean and variance, with a bias."""
        return Norm(self.layer_norm_eps, "layer")


def decoder(raw: Mapping[str, Any]) -> Decoder:
    """The decoder of a configuration.

    Raises:
        ArchitectureError: a key is missing, or a feature of it is not built.
    """
    config = read_config(Config, raw, "phi")
    require("phi", "activation", config.hidden_act, "gelu_new")
    require("phi", "qk_layernorm", config.qk_layernorm, built=False)
    names = ("q_proj", "k_proj", "v_proj", "dense")
    attention = replace(config.attention(), qkv_bias=True, output_bias=True, projections=names)
    return replace(
        config.decoder("phi", Parallel(attention, PlainFeedForward(config.intermediate_size))),
        feed_forward=None,
        pre_norms=("input_layernorm",),
        last_norm="model.final_layernorm",
        head_bias=True,
    )

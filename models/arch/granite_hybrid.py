"""Granite 4.0, dense and hybrid: Granite's multipliers, and Mamba-2 in most layers of a hybrid."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from models.arch import common
from models.arch.decoder import Decoder
from models.arch.layers.attention import GLOBAL
from models.arch.layers.feed_forward import GatedFeedForward
from models.arch.layers.mamba2 import Mamba2
from models.arch.reading import read_config, require, require_kinds

MODEL_TYPES: Final = ("granitemoehybrid",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(common.Config):
    """What Granite 4.0 adds."""

    embedding_multiplier: float
    residual_multiplier: float
    attention_multiplier: float
    logits_scaling: float
    shared_intermediate_size: int
    num_local_experts: int
    position_embedding_type: str = "nope"
    """rope or nope: attention with rotary positions or without."""
    layer_types: tuple[str, ...] = ()
    """A layer's kind: mamba or attention. Empty: all mamba."""
    mamba_n_heads: int = 128
    mamba_n_groups: int = 1
    mamba_d_state: int = 256
    mamba_d_conv: int = 4
    mamba_expand: int = 2
    mamba_conv_bias: bool = True
    mamba_proj_bias: bool = False

    @property
    def attends(self) -> tuple[bool, ...]:
        """Which layers are attention."""
        if self.layer_types:
            return tuple(kind == "attention" for kind in self.layer_types)
        return (False,) * self.num_hidden_layers

    def mamba(self) -> Mamba2:
        """The mixer of the other layers."""
        return Mamba2(
            heads=self.mamba_n_heads,
            head_size=self.mamba_expand * self.hidden_size // self.mamba_n_heads,
            groups=self.mamba_n_groups,
            state=self.mamba_d_state,
            kernel=self.mamba_d_conv,
            epsilon=self.rms_norm_eps,
            conv_bias=self.mamba_conv_bias,
            in_bias=self.mamba_proj_bias,
            out_bias=self.mamba_proj_bias,
        )


def decoder(raw: Mapping[str, Any]) -> Decoder:
    """The decoder of a configuration.

    Raises:
        ArchitectureError: a key is missing, or a feature of it is not built.
    """
    family = "granitemoehybrid"
    config = read_config(Config, raw, family)
    require(family, "activation", config.hidden_act, "silu")
    require(family, "num_local_experts", config.num_local_experts, 0)
    if config.layer_types:
        require_kinds(family, config.num_hidden_layers, config.layer_types, ("mamba", "attention"))
    turns = config.position_embedding_type == "rope"
    attention = replace(
        config.attention(), scale=config.attention_multiplier, rotary=GLOBAL if turns else None
    )
    plain = config.decoder(family, *(attention if attends else config.mamba() for attends in config.attends))
    return replace(
        plain,
        feed_forward=GatedFeedForward(
            config.shared_intermediate_size,
            prefix="shared_mlp",
            projections=("", "", "output_linear"),
            merged="input_linear",
        ),
        rotary=plain.rotary if turns else {},
        embedding_multiplier=config.embedding_multiplier,
        residual_multiplier=config.residual_multiplier,
        logits_divisor=config.logits_scaling,
    )

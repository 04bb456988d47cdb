"""Falcon-H1 (arXiv 2507.22448): Mamba-2 and attention side by side in every layer, and a multiplier at every turn."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from models.arch import common
from models.arch.decoder import Decoder
from models.arch.layers.feed_forward import GatedFeedForward
from models.arch.layers.mamba2 import Mamba2, Multipliers
from models.arch.layers.parallel import Parallel
from models.arch.reading import read_config, require

MODEL_TYPES: Final = ("falcon_h1",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(common.Config):
    """What Falcon-H1 adds."""

    max_position_embeddings: int = 8192
    mamba_d_ssm: int | None = 1024
    """Width of the mamba heads together; None: the hidden size times `mamba_expand`."""
    mamba_expand: int = 2
    mamba_n_heads: int = 128
    mamba_n_groups: int = 1
    mamba_d_state: int = 256
    mamba_d_conv: int = 4
    mamba_conv_bias: bool = True
    mamba_proj_bias: bool = False
    mamba_rms_norm: bool = False
    mamba_norm_before_gate: bool = True
    projectors_bias: bool = False
    embedding_multiplier: float = 1.0
    lm_head_multiplier: float = 1.0
    key_multiplier: float = 1.0
    attention_in_multiplier: float = 1.0
    attention_out_multiplier: float = 1.0
    ssm_in_multiplier: float = 1.0
    ssm_out_multiplier: float = 1.0
    ssm_multipliers: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0, 1.0)
    """Of gate, x, keys, queries and steps."""
    mlp_multipliers: tuple[float, ...] = (1.0, 1.0)
    """Of the gate, of what comes out."""

    def mamba(self) -> Mamba2:
        """One of the two mixers."""
        norm: Literal["before_gate", "gated"] = "before_gate" if self.mamba_norm_before_gate else "gated"
        wide = self.mamba_expand * self.hidden_size if self.mamba_d_ssm is None else self.mamba_d_ssm
        gate, x, key, query, step = self.ssm_multipliers
        return Mamba2(
            heads=self.mamba_n_heads,
            head_size=wide // self.mamba_n_heads,
            groups=self.mamba_n_groups,
            state=self.mamba_d_state,
            kernel=self.mamba_d_conv,
            epsilon=self.rms_norm_eps,
            norm=norm if self.mamba_rms_norm else "",
            norm_groups=self.mamba_n_groups,
            conv_bias=self.mamba_conv_bias,
            in_bias=self.mamba_proj_bias,
            out_bias=self.projectors_bias,
            multipliers=Multipliers(
                self.ssm_in_multiplier, gate, x, key, query, step, self.ssm_out_multiplier
            ),
        )


def decoder(raw: Mapping[str, Any]) -> Decoder:
    """The decoder of a configuration.

    Raises:
        ArchitectureError: a key is missing, or a feature of it is not built.
    """
    config = read_config(Config, raw, "falcon_h1")
    require("falcon_h1", "activation", config.hidden_act, "silu")
    require("falcon_h1", "a number of ssm_multipliers of", len(config.ssm_multipliers), 5)
    require("falcon_h1", "a number of mlp_multipliers of", len(config.mlp_multipliers), 2)
    attention = replace(
        config.attention(),
        multipliers=(
            config.attention_in_multiplier,
            config.key_multiplier,
            config.attention_out_multiplier,
        ),
    )
    gate, leaving = config.mlp_multipliers
    return replace(
        config.decoder("falcon_h1", Parallel(config.mamba(), attention)),
        feed_forward=GatedFeedForward(
            config.intermediate_size,
            bias=config.mlp_bias,
            multipliers=(gate, leaving),
            prefix="feed_forward",
        ),
        pre_norms=("input_layernorm", "pre_ff_layernorm"),
        last_norm="model.final_layernorm",
        embedding_multiplier=config.embedding_multiplier,
        logits_divisor=1 / config.lm_head_multiplier,
    )

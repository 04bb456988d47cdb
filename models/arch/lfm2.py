"""LFM2 and LFM2.5 (arXiv 2511.23404): mostly short convolutions, a few layers of attention with normed heads."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from models.arch import common
from models.arch.decoder import Decoder
from models.arch.layers.feed_forward import GatedFeedForward
from models.arch.layers.norm import Norm
from models.arch.layers.short_conv import ShortConv
from models.arch.reading import read_config, require_kinds

MODEL_TYPES: Final = ("lfm2",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(common.Config):
    """What LFM2 adds. Where two keys say the same, the one its makers' first files have goes first."""

    intermediate_size: int = 12288
    block_ff_dim: int | None = None
    block_auto_adjust_ff_dim: bool = True
    block_ffn_dim_multiplier: float | None = 1.0
    block_multiple_of: int = 256
    norm_eps: float = 1e-5
    max_position_embeddings: int = 128_000
    rope_theta: float = 1_000_000.0
    theta: float | None = None
    tie_word_embeddings: bool = True
    tie_embedding: bool | None = None
    conv_L_cache: int = 3  # noqa: N815  the makers' spelling
    conv_bias: bool = False
    layer_types: tuple[str, ...] = ()
    """A layer's kind: conv or full_attention. Empty: those of `full_attn_idxs` are attention."""
    full_attn_idxs: tuple[int, ...] | None = None
    """None: all."""

    @property
    def width(self) -> int:
        """Of the feed-forward: two thirds of what the configuration says, rounded up, if it says so."""
        wide = self.block_ff_dim or self.intermediate_size
        if not self.block_auto_adjust_ff_dim:
            return wide
        wide = 2 * wide // 3
        if self.block_ffn_dim_multiplier is None:
            return wide
        return (
            -(-int(self.block_ffn_dim_multiplier * wide) // self.block_multiple_of) * self.block_multiple_of
        )

    @property
    def norm(self) -> Norm:
        """Root mean square."""
        return Norm(self.norm_eps)

    @property
    def attends(self) -> tuple[bool, ...]:
        """Which layers are attention."""
        if self.layer_types:
            return tuple(kind == "full_attention" for kind in self.layer_types)
        layers = range(self.num_hidden_layers)
        return tuple(self.full_attn_idxs is None or layer in self.full_attn_idxs for layer in layers)


def decoder(raw: Mapping[str, Any]) -> Decoder:
    """The decoder of a configuration.

    Raises:
        ArchitectureError: a key is missing, or a feature of it is not built.
    """
    config = read_config(Config, raw, "lfm2")
    if config.layer_types:
        require_kinds("lfm2", config.num_hidden_layers, config.layer_types, ("conv", "full_attention"))
    config = replace(config, rope_theta=config.theta or config.rope_theta)
    attention = replace(
        config.attention(),
        qk_norm="head",
        projections=("q_proj", "k_proj", "v_proj", "out_proj"),
        norms=("q_layernorm", "k_layernorm"),
    )
    conv = ShortConv(config.hidden_size, config.conv_L_cache, bias=config.conv_bias)
    return replace(
        config.decoder("lfm2", *(attention if attends else conv for attends in config.attends)),
        feed_forward=GatedFeedForward(config.width, prefix="feed_forward", projections=("w1", "w3", "w2")),
        pre_norms=("operator_norm", "ffn_norm"),
        last_norm="model.embedding_norm",
        tied=config.tie_word_embeddings if config.tie_embedding is None else config.tie_embedding,
    )

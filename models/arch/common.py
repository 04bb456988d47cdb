"""Keys of `config.json` that nearly every decoder has, and the decoder they describe when nothing else is said."""

from dataclasses import dataclass
from typing import Any

from numpy import float64
from numpy.typing import NDArray

from models.arch.decoder import Decoder
from models.arch.layers.attention import GLOBAL, Attention
from models.arch.layers.feed_forward import GatedFeedForward
from models.arch.layers.norm import Norm
from models.arch.layers.part import Part
from models.arch.reading import CONTEXT_CAP
from models.errors import ArchitectureError
from models.graph import rotary
from models.graph.blocks import Heads


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What an architecture uses of `config.json`; each adds its own keys, and the rest is ignored."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int = 0
    """0: as many as query heads."""
    head_dim: int = 0
    """0: the hidden size, shared out among the query heads."""
    vocab_size: int
    rms_norm_eps: float = 1e-6
    max_position_embeddings: int = 2048
    rope_theta: float = 10_000.0
    rope_scaling: dict[str, Any] | None = None
    partial_rotary_factor: float = 1.0
    """How much of a head is rotated, from its beginning on."""
    tie_word_embeddings: bool = False
    hidden_act: str = "silu"
    attention_bias: bool = False
    mlp_bias: bool = False
    use_sliding_window: bool = False

    @property
    def heads(self) -> Heads:
        """Shape of an attention part."""
        queries = self.num_attention_heads
        size = self.head_dim or self.hidden_size // queries
        return Heads(queries, self.num_key_value_heads or queries, size)

    @property
    def norm(self) -> Norm:
        """Root mean square, the weight as it is stored."""
        return Norm(self.rms_norm_eps)

    @property
    def frequencies(self) -> NDArray[float64]:
        """Rotary angle a position for each pair of what is rotated of a head.

        Raises:
            ArchitectureError: the scaling is not built, or that part of a head cannot be rotated.
        """
        share = self.partial_rotary_factor
        if share > 1:
            raise ArchitectureError(
                f"config.json has the impossible partial_rotary_factor {share}; fetch the model again"
            )
        size = int(self.heads.size * share)
        return rotary.frequencies(size, self.rope_theta, self.rope_scaling)

    def attention(self) -> Attention:
        """Over all tokens, with biases if the configuration has them."""
        return Attention(self.heads, self.norm, qkv_bias=self.attention_bias, output_bias=self.attention_bias)

    def decoder(self, family: str, *mixers: Part) -> Decoder:
        """A gated feed-forward after each of `mixers`; one alone is that of every layer."""
        return Decoder(
            family=family,
            vocabulary=self.vocab_size,
            hidden=self.hidden_size,
            context=min(self.max_position_embeddings, CONTEXT_CAP),
            mixers=mixers if len(mixers) > 1 else mixers * self.num_hidden_layers,
            feed_forward=GatedFeedForward(self.intermediate_size, bias=self.mlp_bias),
            norm=self.norm,
            rotary={GLOBAL: self.frequencies},
            tied=self.tie_word_embeddings,
        )

"""The sizes of a Whisper, as `config.json` has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from models.arch.reading import require
from models.checkpoint import Weights
from models.errors import ArchitectureError

MODEL_TYPE: Final = "whisper"
_LARGEST: Final[Mapping[str, int]] = {
    "d_model": 1 << 13,
    "vocab_size": 1 << 18,
    "num_mel_bins": 1 << 9,
    "max_source_positions": 1 << 13,
    "max_target_positions": 1 << 13,
    "encoder_layers": 1 << 7,
    "decoder_layers": 1 << 7,
    "encoder_attention_heads": 1 << 8,
    "decoder_attention_heads": 1 << 8,
    "encoder_ffn_dim": 1 << 15,
    "decoder_ffn_dim": 1 << 15,
}
"""No Whisper comes near: a corrupt size must not be believed and built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Every size, by Hugging Face's name."""

    d_model: int
    vocab_size: int
    num_mel_bins: int
    max_source_positions: int
    """Positions of the encoder: half as many as frames of a window."""
    max_target_positions: int
    encoder_layers: int
    decoder_layers: int
    encoder_attention_heads: int
    decoder_attention_heads: int
    encoder_ffn_dim: int
    decoder_ffn_dim: int

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Self:
        """Take what it declares of `config.json`.

        Raises:
            ArchitectureError: a size is missing or impossible, or a feature of it is not built.
        """
        require("Whisper", "model_type", raw.get("model_type"), MODEL_TYPE)
        require("Whisper", "activation_function", raw.get("activation_function", "gelu"), "gelu")
        require("Whisper", "scale_embedding", raw.get("scale_embedding", False), built=False)
        for key, largest in _LARGEST.items():
            if type(raw.get(key)) is not int or not 0 < raw[key] <= largest:
                raise ArchitectureError(
                    f"config.json has the impossible {key} {str(raw.get(key))[:40]}; fetch the model again"
                )
        config = cls(**{key: raw[key] for key in _LARGEST})
        for heads in (config.encoder_attention_heads, config.decoder_attention_heads):
            if config.d_model % heads:
                raise ArchitectureError(
                    f"{config.d_model} numbers cannot be split among {heads} heads; fetch the model again"
                )
        return config


def is_whisper(raw: Mapping[str, Any]) -> bool:
    """Whether a `config.json` says that it is one."""
    return raw.get("model_type") == MODEL_TYPE


def ignored(weights: Weights) -> tuple[str, ...]:
    """Tensors that are another one's copy: the head is the embedding table."""
    return tuple(name for name in ("proj_out.weight",) if name in weights)

"""StableLM 2 (arXiv 2402.17834): as llama, with norms of mean and variance and a quarter of each head rotated."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from models.arch import common
from models.arch.decoder import Decoder
from models.arch.layers.norm import Norm
from models.arch.reading import read_config, require

MODEL_TYPES: Final = ("stablelm",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(common.Config):
    """What StableLM adds."""

    layer_norm_eps: float = 1e-5
    max_position_embeddings: int = 4096
    partial_rotary_factor: float = 0.25
    use_qkv_bias: bool = False
    qk_layernorm: bool = False
    use_parallel_residual: bool = False

    @property
    def norm(self) -> Norm:
        """Mean and variance, with a bias."""
        return Norm(self.layer_norm_eps, "layer")


def decoder(raw: Mapping[str, Any]) -> Decoder:
    """The decoder of a configuration.

    Raises:
        ArchitectureError: a key is missing, or a feature of it is not built.
    """
    config = read_config(Config, raw, "stablelm")
    require("stablelm", "activation", config.hidden_act, "silu")
    require("stablelm", "qk_layernorm", config.qk_layernorm, built=False)
    require("stablelm", "use_parallel_residual", config.use_parallel_residual, built=False)
    return config.decoder("stablelm", replace(config.attention(), qkv_bias=config.use_qkv_bias))

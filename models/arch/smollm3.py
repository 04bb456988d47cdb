"""SmolLM3: as llama, without rotary positions in every fourth layer (NoPE, arXiv 2501.18795)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from models.arch import common
from models.arch.decoder import Decoder
from models.arch.reading import read_config, require

MODEL_TYPES: Final = ("smollm3",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config(common.Config):
    """What SmolLM3 adds."""

    tie_word_embeddings: bool = True
    no_rope_layers: tuple[int, ...] = ()
    """One number a layer: 1 with rotary, 0 without. Empty: every `no_rope_layer_interval`-th without."""
    no_rope_layer_interval: int = 4

    @property
    def rotated(self) -> tuple[bool, ...]:
        """Which layers have rotary positions."""
        if self.no_rope_layers:
            return tuple(map(bool, self.no_rope_layers))
        return tuple(
            bool((layer + 1) % self.no_rope_layer_interval) for layer in range(self.num_hidden_layers)
        )


def decoder(raw: Mapping[str, Any]) -> Decoder:
    """The decoder of a configuration.

    Raises:
        ArchitectureError: a key is missing, or a feature of it is not built.
    """
    config = read_config(Config, raw, "smollm3")
    require("smollm3", "activation", config.hidden_act, "silu")
    require("smollm3", "use_sliding_window", config.use_sliding_window, built=False)
    require("smollm3", "a number of no_rope_layers of", len(config.rotated), config.num_hidden_layers)
    rotated = config.attention()
    unrotated = replace(rotated, rotary=None)
    return config.decoder("smollm3", *(rotated if turns else unrotated for turns in config.rotated))

"""What every architecture does with a configuration and with weights: take what it knows, name what is wrong."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from models import strict
from models.checkpoint import Weights
from models.errors import ArchitectureError, WeightsError

CONTEXT_CAP: Final = 32768
"""Longest rotary table stored: an edge board has no memory for more, and the table costs 256 bytes a position."""

_POSSIBLE: Final[Mapping[str, range]] = {
    "hidden_size": range(1, 1 << 17),
    "intermediate_size": range(1, 1 << 19),
    "num_hidden_layers": range(1, 1 << 11),
    "num_attention_heads": range(1, 1 << 11),
    "num_key_value_heads": range(1 << 11),
    "head_dim": range(1 << 11),
    "vocab_size": range(1, 1 << 21),
    "max_position_embeddings": range(1, 1 << 31),
    "sliding_window": range(1, 1 << 31),
    "sliding_window_pattern": range(1, 1 << 11),
    "block_ff_dim": range(1, 1 << 19),
    "no_rope_layer_interval": range(1, 1 << 11),
    "block_multiple_of": range(1, 1 << 17),
    "shared_intermediate_size": range(1, 1 << 19),
    "conv_L_cache": range(2, 1 << 6),
    "mamba_d_conv": range(2, 1 << 6),
    "mamba_d_state": range(1, 1 << 11),
    "mamba_expand": range(1, 1 << 6),
    "mamba_n_groups": range(1, 1 << 11),
    "mamba_n_heads": range(1, 1 << 11),
}
"""No model for a board comes near the ends: a corrupt size must not be believed and built."""
_POSITIVE: Final = frozenset(
    {
        "rms_norm_eps",
        "norm_eps",
        "lm_head_multiplier",
        "layer_norm_eps",
        "partial_rotary_factor",
        "rope_theta",
        "rope_local_base_freq",
        "query_pre_attn_scalar",
        "embedding_multiplier",
        "residual_multiplier",
        "attention_multiplier",
        "logits_scaling",
    }
)
"""Numbers that have to be above zero, and finite."""

_SHOWN: Final = 60
"""Characters of a strange value that a message repeats."""

Array = NDArray[np.float32]
Config = TypeVar("Config")


def read_config(kind: type[Config], raw: Mapping[str, Any], family: str) -> Config:
    """Make `kind`, a dataclass, of the keys of `config.json` it declares; the rest is ignored.

    Raises:
        ArchitectureError: a key is missing or impossible.
    """
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]  # no Protocol says "a dataclass"
    chosen = {key: value for key, value in raw.items() if key in known and value is not None}
    nested = raw.get("rope_parameters")
    if isinstance(nested, Mapping):  # transformers 5 writes all rotary keys into one object
        if any(isinstance(value, Mapping) for value in nested.values()):
            raise unbuilt(f"{family} with rotary parameters for each type of layer")
        chosen.setdefault("rope_scaling", nested)
        for key in known & nested.keys() & {"rope_theta", "partial_rotary_factor"}:
            chosen.setdefault(key, nested[key])
    try:
        config = strict.load(kind, chosen)
    except strict.MisfitError as exc:
        raise ArchitectureError(f"config.json of this {family}: {exc}; fetch the model again") from exc
    for key in known:
        value = getattr(config, key)
        fits = value in _POSSIBLE[key] if key in _POSSIBLE else key not in _POSITIVE or value > 0
        if value is not None and not (fits and _finite(value)):
            raise ArchitectureError(f"config.json has the impossible {key} {value}; fetch the model again")
    return config


def _finite(value: object) -> bool:
    """Whether a number, or each of several, is one to compute with."""
    if isinstance(value, tuple):
        return all(map(_finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def unbuilt(what: str) -> ArchitectureError:
    """The refusal of a model that is sound and known, but has what we do not build."""
    return ArchitectureError(
        f"{what} is not built; choose another model, `ingle models` shows those that are"
    )


def require(family: str, feature: str, found: object, built: object) -> None:
    """Raise ArchitectureError for a feature that is not built."""
    if found != built:
        raise unbuilt(f"{family} with {feature} {repr(found)[:_SHOWN]} (rather than {built!r})")


def require_kinds(family: str, layers: int, kinds: Sequence[str], built: Collection[str]) -> None:
    """Raise ArchitectureError unless each of `layers` layers has a kind that is built."""
    require(family, "a number of layer_types of", len(kinds), layers)
    for kind in kinds:
        if kind not in built:
            raise unbuilt(f"{family} with a layer of type {kind[:_SHOWN]!r}")


class Reader:
    """Weights by name, with the shape each must have; remembers which were asked for."""

    def __init__(self, weights: Weights, family: str) -> None:
        self._weights = weights
        self._family = family
        self._seen: set[str] = set()

    def __call__(self, name: str, *shape: int) -> Array:
        """The tensor `name`.

        Raises:
            WeightsError: it is missing, or of another shape.
        """
        if name not in self._weights:
            raise WeightsError(f"the checkpoint has no tensor {name!r}; it is incomplete, fetch it again")
        if (found := self._weights.shape(name)) != shape:
            raise WeightsError(
                f"tensor {name!r} has shape {list(found)}, its configuration says {list(shape)}; fetch it again"
            )
        self._seen.add(name)
        return self._weights[name]

    def optional(self, name: str, *shape: int, wanted: bool) -> Array | None:
        """The tensor `name` if it is wanted."""
        return self(name, *shape) if wanted else None

    def refuse_rest(self, *ignored: str) -> None:
        """Raise WeightsError for a tensor nobody asked for: this is not the architecture it says it is."""
        rest = [
            name
            for name in self._weights
            if name not in self._seen and name not in ignored and not name.endswith("rotary_emb.inv_freq")
        ]
        if rest:
            raise WeightsError(
                f"the checkpoint has a tensor that {self._family} does not: {rest[0]!r} ({len(rest)} in all); "
                "fetch it again, or ask its maker which architecture it is"
            )

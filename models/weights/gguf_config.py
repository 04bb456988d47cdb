"""GGUF metadata as Hugging Face's `config.json` would say it. Knows keys and their types; opens no file."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from models.errors import ArchitectureError, WeightsError
from models.weights.gguf_naming import NAMINGS, Naming

_DEFAULT_ROPE_THETA: Final = 10000.0
_LARGEST: Final = 1 << 31
_SMALLEST: Final = 1e-30


class Metadata:
    """Typed access to one architecture's metadata keys."""

    def __init__(self, raw: Mapping[str, Any], file: str) -> None:
        self._raw, self._file = raw, file
        self.architecture = self.text("general.architecture")

    def text(self, key: str) -> str:
        """A string that must be there."""
        value = self._raw.get(key)
        if not isinstance(value, str):
            raise WeightsError(f"{self._file} lacks the metadata {key!r}; use a complete GGUF file")
        return value

    def integer(self, key: str, default: int | None = None) -> int:
        """A positive number under the architecture's prefix; a list counts when all its values are equal."""
        value = self._own(key)
        if isinstance(value, list) and value and all(item == value[0] for item in value):
            value = value[0]
        if value is None and default is not None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < _LARGEST:
            raise self._bad(key, value)
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """A positive real number, as its maker wrote it."""
        value = self._own(key)
        if value is None and default is not None:
            return default
        if (
            not isinstance(value, int | float)
            or isinstance(value, bool)
            or not _SMALLEST < value < 1 / _SMALLEST
        ):
            raise self._bad(key, value)
        return shortest(value)

    def option(self, key: str) -> str | None:
        """A string under the architecture's prefix, if there is one."""
        value = self._own(key)
        return value if isinstance(value, str) else None

    def _own(self, key: str) -> Any:
        return self._raw.get(f"{self.architecture}.{key}")

    def _bad(self, key: str, value: object) -> WeightsError:
        full = f"{self.architecture}.{key}"
        if value is None:
            return WeightsError(f"{self._file} lacks the metadata {full!r}; use a complete GGUF file")
        return WeightsError(
            f"{self._file} has the impossible value {str(value)[:40]} for {full!r}; fetch it again"
        )


def shortest(value: float) -> float:
    """The shortest decimal that float32 stores as `value`: 1e-05 where GGUF has 9.999999747378752e-06."""
    return float(str(np.float32(value)))


def naming_of(metadata: Metadata) -> Naming:
    """The architecture's row.

    Raises:
        ArchitectureError: there is none.
    """
    naming = NAMINGS.get(metadata.architecture)
    if naming is None:
        raise ArchitectureError(
            f"GGUF architecture {metadata.architecture[:40]!r} is not one we build; "
            f"choose a model of one of these: {', '.join(sorted(NAMINGS))}"
        )
    return naming


def config_of(
    metadata: Metadata, naming: Naming, names: frozenset[str], vocabulary: int, rope_factors: Sequence[float]
) -> dict[str, Any]:
    """`config.json` for tensors `names` (Hugging Face's), with an embedding of `vocabulary` rows.

    `rope_factors` divide each rotary frequency: Llama 3 files carry them as a tensor. Empty for none.
    """
    config: dict[str, Any] = {"model_type": naming.model_type, **naming.constants}
    for key, source in naming.config.items():
        config[key] = metadata.number(source) if key == "rms_norm_eps" else metadata.integer(source)
    heads = config["num_attention_heads"]
    config["num_key_value_heads"] = metadata.integer("attention.head_count_kv", heads)
    config["head_dim"] = _head_dim(metadata, config["hidden_size"], heads)
    config["rope_theta"] = metadata.number("rope.freq_base", _DEFAULT_ROPE_THETA)
    config["rope_scaling"] = _rope_scaling(metadata, rope_factors, config["head_dim"])
    config["vocab_size"] = vocabulary
    config["tie_word_embeddings"] = "lm_head.weight" not in names
    config["attention_bias"] = "model.layers.0.self_attn.q_proj.bias" in names
    config["mlp_bias"] = "model.layers.0.mlp.down_proj.bias" in names
    return config


def _head_dim(metadata: Metadata, hidden: int, heads: int) -> int:
    size = metadata.integer("attention.key_length", max(hidden // heads, 1))
    if metadata.integer("rope.dimension_count", size) != size:
        raise ArchitectureError(
            f"{metadata.architecture} with rotary over part of a head is not built; use another model"
        )
    return size


def _rope_scaling(metadata: Metadata, factors: Sequence[float], head_dim: int) -> dict[str, Any] | None:
    """Hugging Face's `rope_scaling`.

    GGUF keeps not Llama 3's parameters but the divisors they led to: those come as the type `factors`,
    `inv_freq[i] = theta ** (-2 * i / head_dim) / factors[i]`.
    """
    if factors:
        if len(factors) != head_dim // 2 or not all(0 < factor < float("inf") for factor in factors):
            raise WeightsError("rope_freqs.weight does not fit the size of a head; fetch the file again")
        return {"rope_type": "factors", "factors": list(factors)}
    kind = metadata.option("rope.scaling.type")
    if kind in {None, "none"}:
        return None
    if kind == "linear":
        return {"rope_type": "linear", "factor": metadata.number("rope.scaling.factor")}
    raise ArchitectureError(f"rotary scaling {kind!r} is not built; use a file with linear scaling or none")

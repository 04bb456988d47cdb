"""Where the values of `config.json` come from: keys of the metadata, tensors that are there, or nowhere.

Each function takes or is a `Setting`. Defaults are llama.cpp's own, since its converter leaves out what is one.
"""

from typing import Any, Final

from models.errors import ArchitectureError, WeightsError
from models.weights.naming.row import Facts, Setting

_ROPE_THETA: Final = 10000.0
_KV_HEADS: Final = "attention.head_count_kv"


def integer(key: str, default: int | None = None) -> Setting:
    """A positive whole number under the architecture's prefix."""
    return lambda facts: facts.metadata.integer(key, default)


def number(key: str, default: float | None = None) -> Setting:
    """A positive real number under the architecture's prefix."""
    return lambda facts: facts.metadata.number(key, default)


def constant(value: object) -> Setting:
    """What GGUF leaves to the architecture."""
    return lambda _: value


def has(tensor: str) -> Setting:
    """Whether there is a tensor of this name, Hugging Face's."""
    return lambda facts: tensor in facts.names


def vocabulary(facts: Facts) -> int:
    """Rows of the embedding."""
    return facts.vocabulary


def has_any(ending: str) -> Setting:
    """Whether some layer has a tensor of this name's ending, Hugging Face's."""
    return lambda facts: any(name.endswith(ending) for name in facts.names)


def tied(facts: Facts) -> bool:
    """Whether the head is the embedding."""
    return "lm_head.weight" not in facts.names


def kv_heads(facts: Facts) -> int:
    """Heads of keys and values, as many as queries have when nothing is said."""
    return facts.metadata.integer(_KV_HEADS, facts.metadata.integer("attention.head_count"))


def some_kv_heads(facts: Facts) -> int:
    """Heads of keys and values where not every layer has some."""
    return facts.metadata.some(_KV_HEADS)


def attends(facts: Facts) -> list[bool]:
    """Of each layer whether it has heads of keys and values."""
    heads, found = some_kv_heads(facts), facts.metadata.value(_KV_HEADS)
    if isinstance(found, list):
        return [item == heads for item in found]
    return [True] * facts.metadata.integer("block_count")


def head_dim(facts: Facts) -> int:
    """Size of a head, all of it rotated, the same for keys and values."""
    size = head_size(facts)
    if facts.metadata.integer("rope.dimension_count", size) != size:
        raise ArchitectureError(
            f"{facts.metadata.architecture} with rotary over part of a head is not built; use another model"
        )
    return size


def partial_rotary_factor(facts: Facts) -> float:
    """How much of a head is rotated."""
    return facts.metadata.integer("rope.dimension_count", size := head_size(facts)) / size


def head_size(facts: Facts) -> int:
    """Size of a head, the same for keys and values."""
    metadata = facts.metadata
    heads = metadata.integer("attention.head_count")
    size = metadata.integer("attention.key_length", max(metadata.integer("embedding_length") // heads, 1))
    if metadata.integer("attention.value_length", size) != size:
        raise ArchitectureError(
            f"{metadata.architecture} with values of another size than keys is not built; use another model"
        )
    return size


def rope_theta(facts: Facts) -> float:
    """Base of the rotary frequencies."""
    return facts.metadata.number("rope.freq_base", _ROPE_THETA)


def rope_scaling(facts: Facts) -> dict[str, Any] | None:
    """Hugging Face's `rope_scaling`.

    GGUF keeps not Llama 3's parameters but the divisors they led to: those come as the type `factors`,
    `inv_freq[i] = theta ** (-2 * i / head_dim) / factors[i]`.
    """
    metadata, factors = facts.metadata, facts.rope_factors
    if factors:
        if len(factors) != head_dim(facts) // 2 or not all(0 < factor < float("inf") for factor in factors):
            raise WeightsError("rope_freqs.weight does not fit the size of a head; fetch the file again")
        return {"rope_type": "factors", "factors": list(factors)}
    kind = metadata.option("rope.scaling.type")
    factor = metadata.number("rope.scaling.factor", 1.0)
    if kind in {None, "linear"}:  # without a type llama.cpp takes a factor for a linear one
        return {"rope_type": "linear", "factor": factor} if factor != 1.0 else None
    if kind == "none":
        return None
    raise ArchitectureError(f"rotary scaling {kind!r} is not built; use a file with linear scaling or none")

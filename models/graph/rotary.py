"""Rotary position tables (arXiv 2104.09864), with the scalings that sub-2B models use."""

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.errors import ArchitectureError

Array = NDArray[np.float32]
_STEP: Final = 16
"""GroupQueryAttention takes tables of 8 pairs, of 16, of 24 and so on."""


def frequencies(size: int, theta: float, scaling: Mapping[str, Any] | None) -> NDArray[np.float64]:
    """Angle per position for each of the `size / 2` pairs.

    A dynamic scaling does nothing within the context a model was trained on, and no table is longer.

    Raises:
        ArchitectureError: a scaling that is none of those built, or lacks its numbers; a size that the kernel refuses.
    """
    if not size or size % _STEP:
        raise ArchitectureError(
            f"rotary positions over {size} numbers of a head are not built, multiples of {_STEP} are; "
            "choose another model"
        )
    inverse = 1.0 / theta ** (np.arange(0, size, 2, dtype=np.float64) / size)
    kind = "default" if scaling is None else str(scaling.get("rope_type", scaling.get("type", "default")))
    if scaling is None or kind in {"default", "dynamic"}:
        return inverse
    if kind == "linear":
        return inverse / _positive(scaling, "factor")
    if kind == "llama3":
        return _llama3(inverse, scaling)
    if kind == "factors":  # our GGUF reader's word for llama3, numbers checked: the divisor of each frequency
        return inverse / np.array(scaling["factors"], dtype=np.float64)
    raise ArchitectureError(
        f"rotary scaling {kind[:40]!r} is not built, default, linear, dynamic and llama3 are; choose another model"
    )


def _llama3(inverse: NDArray[np.float64], scaling: Mapping[str, Any]) -> NDArray[np.float64]:
    """Llama 3.1: long wavelengths are stretched, short ones kept, those between blended."""
    factor = _positive(scaling, "factor")
    low, high = _positive(scaling, "low_freq_factor"), _positive(scaling, "high_freq_factor")
    if low >= high:
        raise ArchitectureError(
            "rotary scaling has low_freq_factor above high_freq_factor; fetch the model again"
        )
    turns = _positive(scaling, "original_max_position_embeddings") * inverse / (2 * math.pi)
    smooth = np.clip((turns - low) / (high - low), 0.0, 1.0)
    return (1 - smooth) * inverse / factor + smooth * inverse


def _positive(scaling: Mapping[str, Any], key: str) -> float:
    """One of the scaling's numbers."""
    value = scaling.get(key)
    if not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ArchitectureError(f"rotary scaling has {key} {str(value)[:40]!r}; fetch the model again")
    return float(value)


def tables(inverse: NDArray[np.float64], positions: int) -> tuple[Array, Array]:
    """Cosines and sines, float32 [positions, size / 2] each."""
    angles = np.arange(positions, dtype=np.float64)[:, None] * inverse[None, :]
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)

"""The golden models: where they lie, and the reference logits of each. Made by `tests/golden/make.py`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

GOLDEN_DIR: Final = Path(__file__).parents[1] / "golden"
GOLDENS: Final = tuple(
    sorted(path for path in GOLDEN_DIR.iterdir() if path.is_dir() and path.name[0] not in "._")
)
"""One folder a variant, each with a checkpoint in Hugging Face's layout."""
LLAMAS: Final = tuple(path for path in GOLDENS if path.name.startswith("llama-"))
"""Those that the numpy oracle computes."""


@dataclass(frozen=True)
class Reference:
    """What transformers computed in float32."""

    prompt: tuple[int, ...]
    prefill: NDArray[np.float32]
    """[len(prompt), V]"""
    greedy: tuple[int, ...]
    steps: NDArray[np.float32]
    """[len(greedy), V]: the logits after feeding each greedy token alone."""
    kept: int
    """How much of the prompt is restored in the middle."""
    instead: tuple[int, ...]
    """What follows it then."""
    restored: NDArray[np.float32]
    """[len(instead), V]: the logits after each of these."""

    @classmethod
    def of(cls, golden: Path) -> Self:
        """Read `logits.npz` of one golden model."""
        with np.load(golden / "logits.npz") as arrays:
            return cls(
                prompt=tuple(arrays["prompt"].tolist()),
                prefill=arrays["prefill"],
                greedy=tuple(arrays["greedy"].tolist()),
                steps=arrays["steps"],
                kept=int(arrays["kept"]),
                instead=tuple(arrays["instead"].tolist()),
                restored=arrays["restored"],
            )

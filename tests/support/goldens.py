"""The golden models: where they lie, and the reference logits of each. Made by `tests/golden/make.py`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from models.arch import ARCHITECTURES

GOLDEN_DIR: Final = Path(__file__).parents[1] / "golden"


def model_type(golden: Path) -> str:
    """The architecture of one golden model."""
    return str(json.loads((golden / "config.json").read_text(encoding="utf-8"))["model_type"])


GOLDENS: Final = tuple(
    sorted(
        path.parent for path in GOLDEN_DIR.glob("*/config.json") if model_type(path.parent) in ARCHITECTURES
    )
)
"""One folder a variant of what is built, each with a checkpoint in Hugging Face's layout."""
LLAMAS: Final = tuple(path for path in GOLDENS if path.name.startswith("llama-"))
"""Those that the numpy oracle computes."""

TOLERANCES: Final = {"int8": 0.002, "int4-affine": 0.15, "int4": 0.15}
"""Mean KL of a quantised graph to the reference, in nats; smoothed or not."""
_HARDER: Final = {"gemma3": 5.0}
"""Random weights behind two norms a branch: their gains multiply what rounding does."""


def tolerance(variant: str, recipe: str) -> float:
    """What a golden model is held to."""
    return TOLERANCES[recipe] * _HARDER.get(variant, 1.0)


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

    def divergence(self, prefill: NDArray[np.float32]) -> float:
        """Mean KL of other logits of the prompt to these, in nats."""
        p, q = log_softmax(self.prefill), log_softmax(prefill)
        return float((np.exp(p) * (p - q)).sum(-1).mean())


def log_softmax(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log-probabilities of logits [..., V]."""
    x = x - x.max(axis=-1, keepdims=True)
    return np.asarray(x - np.log(np.exp(x).sum(axis=-1, keepdims=True)))

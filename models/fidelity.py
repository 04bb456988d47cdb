"""How far a quantised bundle is from the fp32 graph of the same weights: KL divergence, top-1 agreement, perplexity.

Knows how to compare two graphs side by side over a shipped text; how one is run is `models.runner`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from models.bundle import Bundle
from models.cpu import cpu_class
from models.manifest import Fidelity, Manifest
from models.runner import CHUNK, Runner, pieces, text_ids

TEXT_NAME: Final = "fidelity-en.txt"
_DIGITS: Final = 4

Logits = NDArray[np.float32]


class Model(Protocol):
    """What gives logits: a `Runner`, or what one gave elsewhere."""

    window: int
    """Tokens that see each other."""

    def run(self, ids: NDArray[np.int64], past: int, outputs: Sequence[str], *, asked: int) -> list[Logits]:
        """As `Runner.run`."""


def measure(bundle: Path, manifest: Manifest, reference: Path, *, tokens: int | None = None) -> Fidelity:
    """Run both bundles over the shipped text, or the part of it in which `tokens` are foretold.

    `reference` is the fp32 bundle of the same checkpoint, so it shares the tokenizer.
    """
    ids = text_ids(bundle, manifest, TEXT_NAME)
    near = Runner(reference, Bundle.open(reference).manifest, packed=False)
    return compare(ids, near, Runner(bundle, manifest), tokens=tokens)


def compare(ids: NDArray[np.int64], near: Model, far: Model, *, tokens: int | None = None) -> Fidelity:
    """How far `far` is from `near` over `ids`, on this processor; figures are rounded to four digits."""
    if tokens is not None:
        ids = ids[: length(tokens, near.window)]
    divergences: list[NDArray[np.float64]] = []
    agreed: list[NDArray[np.bool_]] = []
    losses: list[tuple[float, float]] = []
    for window in pieces(ids, near.window):
        for (p, q), following in zip(_pairs(near, far, window), pieces(window[1:], CHUNK), strict=True):
            divergences.append(np.array([(np.exp(a) * (a - b)).sum() for a, b in zip(p, q, strict=True)]))
            agreed.append(p.argmax(axis=-1) == q.argmax(axis=-1))
            places = np.arange(len(following))
            losses.extend(zip(-p[places, following], -q[places, following], strict=True))
    kl, losses_array = np.concatenate(divergences), np.array(losses)
    return Fidelity(
        kl_mean=_round(kl.mean()),
        kl_max=_round(kl.max()),
        top1=_round(np.concatenate(agreed).mean()),
        perplexity=_round(np.exp(losses_array[:, 1].mean())),
        reference_perplexity=_round(np.exp(losses_array[:, 0].mean())),
        tokens=len(kl),
        text=TEXT_NAME,
        against="the fp32 graph of the same weights",
        cpu=cpu_class(),
    )


def length(tokens: int, window: int) -> int:
    """Of the text whose windows foretell so many tokens: of a window, all but the first."""
    whole, rest = divmod(tokens, window - 1)
    return whole * window + (rest + 1 if rest else 0)


def _pairs(near: Model, far: Model, window: NDArray[np.int64]) -> Iterator[tuple[Logits, Logits]]:
    """Log-probabilities of both graphs, a chunk of positions at a time."""
    past = 0
    for part in pieces(window[:-1], CHUNK):
        yield _log_probabilities(near, part, past), _log_probabilities(far, part, past)
        past += len(part)


def _log_probabilities(model: Model, ids: NDArray[np.int64], past: int) -> Logits:
    """[len(ids), V]."""
    (logits,) = model.run(ids, past, ["logits"], asked=len(ids))
    rows: Logits = logits[0]
    for place in range(len(rows)):  # one at a time: a large vocabulary's temporaries stay small
        rows[place] -= rows[place].max()
        rows[place] -= np.log(np.exp(rows[place]).sum())
    return rows


def _round(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")

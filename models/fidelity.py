"""How far a quantised bundle is from the fp32 graph of the same weights: KL divergence, top-1 agreement, perplexity.

Knows how to compare two bundles side by side over a shipped text; how one is run is `models.runner`.
"""

import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.manifest import Fidelity, Manifest
from models.runner import CHUNK, Runner, pieces, text_ids

TEXT_NAME: Final = "fidelity-en.txt"
_DIGITS: Final = 4

Logits = NDArray[np.float32]


def measure(bundle: Path, manifest: Manifest, reference: Path) -> Fidelity:
    """Run both bundles over the shipped text; figures are rounded to four digits.

    `reference` is the fp32 bundle of the same checkpoint, so it shares manifest inputs and tokenizer.
    """
    ids = text_ids(bundle, manifest, TEXT_NAME)
    near, far = Runner(reference, manifest), Runner(bundle, manifest)
    divergences: list[NDArray[np.float64]] = []
    agreed: list[NDArray[np.bool_]] = []
    losses: list[tuple[float, float]] = []
    for window in pieces(ids, near.window):
        for (p, q), following in zip(_pairs(near, far, window), pieces(window[1:], CHUNK), strict=True):
            divergences.append((np.exp(p) * (p - q)).sum(axis=-1))
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


def cpu_class() -> str:
    """The instruction sets that choose onnxruntime's kernels, e.g. `x86_64-avx2` or `aarch64-dotprod`."""
    flags = set()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() in {"flags", "features"}:
            flags = set(value.split())
            break
    steps = {
        "x86_64": (
            ("avx512_vnni", "avx512vnni"),
            ("avx_vnni", "avxvnni"),
            ("avx512f", "avx512"),
            ("avx2", "avx2"),
        ),
        "aarch64": (("i8mm", "i8mm"), ("asimddp", "dotprod"), ("asimd", "neon")),
    }
    machine = platform.machine()
    found = next((label for flag, label in steps.get(machine, ()) if flag in flags), "generic")
    return f"{machine}-{found}"


def _pairs(near: Runner, far: Runner, window: NDArray[np.int64]) -> Iterator[tuple[Logits, Logits]]:
    """Log-probabilities of both graphs, a chunk of positions at a time."""
    past = 0
    for part in pieces(window[:-1], CHUNK):
        yield _log_probabilities(near, part, past), _log_probabilities(far, part, past)
        past += len(part)


def _log_probabilities(runner: Runner, ids: NDArray[np.int64], past: int) -> Logits:
    """[len(ids), V]."""
    (logits,) = runner.run(ids, past, ["logits"], asked=len(ids))
    rows: Logits = logits[0] - logits[0].max(axis=-1, keepdims=True)
    rows -= np.log(np.exp(rows).sum(axis=-1, keepdims=True))
    return rows


def _round(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")

"""What the activations of a model are like, measured by running the fp32 graph over a shipped text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.graph.builder import INPUT
from models.manifest import Manifest
from models.runner import CHUNK, Runner, pieces, text_ids
from models.smooth import Fold

TEXT_NAME: Final = "calibration-en.txt"
"""Another text than the one fidelity is measured on."""
_SAMPLED: Final = 128
"""Tokens whose activations are kept whole; more told nothing new, and all layers' are held at once."""

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Activations by name."""

    energies: Mapping[str, Array]
    """Squares summed over the tokens of the text, [K] for each fold's tap."""
    samples: Mapping[str, Array]
    """What matrices multiply, [tokens, K] of the first tokens."""
    peaks: Mapping[str, Array]
    """Largest magnitudes of keys, as they were rotated, and of values: [kv, D] by the name of the past."""


def calibrate(
    reference: Path, manifest: Manifest, folds: Sequence[Fold], *, remembered: bool = False
) -> Calibration:
    """Measure over the whole text; `reference` was built with taps. Peaks are found if what is `remembered` matters."""
    runner = Runner(reference, manifest, packed=False)
    taps = [fold.tap for fold in folds]
    inputs = [tensor.name for tensor in manifest.outputs if tensor.name.startswith(INPUT)]
    energies = {tap: np.zeros((), dtype=np.float32) for tap in taps}
    samples: dict[str, list[Array]] = {name.removeprefix(INPUT): [] for name in inputs}
    peaks: dict[str, Array] = {}
    seen = 0
    for window in pieces(text_ids(reference, manifest, TEXT_NAME), runner.window):
        past = 0
        for part in pieces(window, CHUNK):
            wanted = inputs if seen < _SAMPLED else []
            found = runner.run(part, past, [*taps, *wanted], asked=0)
            for tap, energy in zip(taps, found, strict=False):
                energies[tap] = energies[tap] + energy
            for kept, activation in zip(samples.values(), found[len(taps) :], strict=bool(wanted)):
                kept.append(activation[0].copy())
            past, seen = past + len(part), seen + len(part)
            if remembered:  # now, since a window keeps the last rows only
                for name, rows in runner.remembered(past):
                    peaks[name] = np.maximum(peaks.get(name, 0), np.abs(rows).max(axis=1))
        if not (folds or remembered):
            break  # only samples are wanted, and a window holds enough
    return Calibration(energies, {name: np.concatenate(kept) for name, kept in samples.items()}, peaks)

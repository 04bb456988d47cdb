"""How large each channel of each activation is, measured by running the fp32 graph over a shipped text."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.manifest import Manifest
from models.runner import CHUNK, Runner, pieces, text_ids
from models.smooth import Fold

TEXT_NAME: Final = "calibration-en.txt"
"""Another text than the one fidelity is measured on."""


def energies(reference: Path, manifest: Manifest, folds: Sequence[Fold]) -> dict[str, NDArray[np.float32]]:
    """Squares summed over the tokens of the text, [K] for each fold's tap; `reference` was built with taps."""
    runner = Runner(reference, manifest)
    taps = [fold.tap for fold in folds]
    sums = {tap: np.zeros((), dtype=np.float32) for tap in taps}
    for window in pieces(text_ids(reference, manifest, TEXT_NAME), runner.window):
        past = 0
        for part in pieces(window, CHUNK):
            for tap, energy in zip(taps, runner.run(part, past, taps, asked=0), strict=True):
                sums[tap] = sums[tap] + energy
            past += len(part)
    return sums

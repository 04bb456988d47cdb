"""On the emulated board: how far a bundle is from what `record.py` wrote down, as a row of the catalogue.

Usage: compare.py STATE RECIPE
"""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.bundle import Bundle
from models.fidelity import TEXT_NAME, compare
from models.manifest import Fidelity
from models.recorded import Recorded
from models.runner import Runner, text_ids


class Timed:
    """A runner, and the processor seconds it took: the machine may be busy with other things."""

    def __init__(self, runner: Runner) -> None:
        self.window = runner.window
        self.seconds = 0.0
        self._runner = runner

    def run(
        self, ids: NDArray[np.int64], past: int, outputs: Sequence[str], *, asked: int
    ) -> list[NDArray[np.float32]]:
        """As the runner."""
        start = time.process_time()
        try:
            return self._runner.run(ids, past, outputs, asked=asked)
        finally:
            self.seconds += time.process_time() - start


def main(state: Path, recipe: str) -> None:
    """Print the row."""
    bundle = Bundle.open(state / recipe)
    logits = np.load(state / "logits.npy", mmap_mode="r")
    far = Timed(Runner(bundle.path, bundle.manifest))
    ids = text_ids(bundle.path, bundle.manifest, TEXT_NAME)
    found = compare(ids, Recorded(logits, far.window), far, tokens=len(logits))
    print(
        entry(recipe, found),
        f"# {far.seconds / len(logits):.2f} processor seconds a token, in emulation",
        sep="\n",
    )


def entry(recipe: str, found: Fidelity) -> str:
    """As it stands in a file of the catalogue."""
    values = {key: value for key, value in asdict(found).items() if key != "origin"}
    lines = (f"{key} = {json.dumps(value)}" for key, value in values.items())
    return "\n".join(["[[measured]]", f'recipe = "{recipe}"', "[[measured.fidelity]]", *lines])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

"""Ours: the engine's session and cache slot, in the same chunks as the appliance serves them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from measurement import Workload, measure
from numpy.typing import NDArray

from models.manifest import MANIFEST_NAME, Manifest
from runtime.engine.session import Session
from runtime.limits import Limits


class Inglenook:
    """One slot of one session."""

    def __init__(self, workload: Workload) -> None:
        bundle = Path(workload.model)
        manifest = Manifest.from_json((bundle / MANIFEST_NAME).read_bytes())
        self._slot = Session(bundle, manifest, threads=workload.threads).new_slot()
        self._chunk = Limits().prefill_chunk

    def prefill(self, ids: Sequence[int]) -> int:
        """Forget everything and read `ids`; only the last chunk is asked for logits."""
        self._slot.cache.trim(0)
        chunks = [ids[i : i + self._chunk] for i in range(0, len(ids), self._chunk)]
        for chunk in chunks[:-1]:
            self._append(chunk, asked=[])
        logits = self._append(chunks[-1], asked=[len(chunks[-1]) - 1])
        return int(np.argmax(logits[-1]))

    def step(self, token: int) -> int:
        """Append one token."""
        return int(np.argmax(self._slot.step(token)))

    def _append(self, chunk: Sequence[int], asked: Sequence[int]) -> NDArray[np.float32]:
        ids, positions = np.array(chunk, dtype=np.int64), np.array(asked, dtype=np.int64)
        return self._slot.prefill(ids, asked=positions)


if __name__ == "__main__":
    measure(Workload.read(), Inglenook)

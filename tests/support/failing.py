"""A session whose runs fail now and then, before or after they have written: for what has to survive that."""

import random
from collections.abc import Mapping
from pathlib import Path

from models.manifest import Manifest
from runtime.engine.arena import State
from runtime.engine.session import Bound, Session
from runtime.errors import EngineError


class FailingSession(Session):
    """Fails a share of all runs: with onnxruntime's error, or for want of memory; by a seed."""

    def __init__(self, bundle: Path, manifest: Manifest, *, share: float, seed: int) -> None:
        super().__init__(bundle, manifest, threads=1)
        self.share = share
        self.failed = 0
        self.random = random.Random(seed)

    def bind(self, inputs: Mapping[str, State], outputs: Mapping[str, State]) -> Bound:
        bound = _FailingBound(self)
        for name, array in inputs.items():
            bound.read(name, array)
        for name, array in outputs.items():
            bound.write(name, array)
        return bound


class _FailingBound(Bound):
    def __init__(self, session: FailingSession) -> None:
        super().__init__(session._session)
        self._failing = session

    def run(self) -> float:
        chance = self._failing.random
        if chance.random() >= self._failing.share:
            return super().run()
        self._failing.failed += 1
        if chance.random() < 0.5:
            super().run()
        if chance.random() < 0.5:
            raise EngineError("onnxruntime failed on a step: as planned")
        raise MemoryError

"""A graph that is no bundle of ours, such as a voice that its owner brought: its inputs by name, one output."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runtime.engine.session import load_foreign
from runtime.errors import EngineError


class ForeignGraph:
    """On onnxruntime."""

    def __init__(self, path: Path, *, threads: int | None = None) -> None:
        """Load it; a second of work.

        Raises:
            BundleError: onnxruntime refuses it.
        """
        self._graph = load_foreign(path, threads=threads)
        self._name = path.name
        self.inputs = frozenset(node.name for node in self._graph.get_inputs())

    def run(self, given: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Its first output.

        Raises:
            EngineError: onnxruntime failed.
        """
        try:
            outputs = self._graph.run(None, dict(given))
        except Exception as exc:  # onnxruntime's errors share no base class
            raise EngineError(f"onnxruntime failed on {self._name}: {exc}") from exc
        return np.asarray(outputs[0], np.float32)

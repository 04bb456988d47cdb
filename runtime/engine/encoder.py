"""A loaded encoder: rows of token ids in, one answer a row out. Knows nothing of text, labels or who asked."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.manifest import ENCODER_NAME, Manifest
from runtime.engine.session import load_graph
from runtime.errors import BundleError, EngineError


class EncoderSession:
    """A graph with one output, [batch, width], on onnxruntime."""

    def __init__(self, bundle: Path, manifest: Manifest, *, threads: int | None = None) -> None:
        """Load the graph; a second of work.

        Raises:
            BundleError: it is no encoder, onnxruntime refuses it, or its inputs are not what the manifest says.
        """
        if manifest.encoder is None:
            raise BundleError(
                f"{manifest.name!r} writes texts and does not compare or label them; `ingle export` makes one that does"
            )
        self._graph = load_graph(bundle / ENCODER_NAME, manifest, threads=threads, fused=False)
        self._inputs = tuple(spec.name for spec in manifest.inputs)
        (self._output,) = (spec.name for spec in manifest.outputs)

    def run(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Answer each row of ids [B, S], none of which is padding; [B, width].

        Raises:
            EngineError: onnxruntime failed.
        """
        known = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        try:
            outputs = self._graph.run([self._output], {name: known[name] for name in self._inputs})
        except Exception as exc:  # onnxruntime's errors share no base class
            raise EngineError(f"onnxruntime failed on an encoder: {exc}") from exc
        return np.asarray(outputs[0], np.float32)

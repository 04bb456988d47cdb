"""One graph, run over a text by the builder: for calibration and for fidelity.

The builder's own door to onnxruntime: it may not reach into `runtime`, and it needs none of its slots and queues.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime as ort
import tokenizers
from numpy.typing import NDArray

from models.errors import GraphError
from models.manifest import DECODER_NAME, TOKENIZER_NAME, Manifest

_WINDOW: Final = 512
"""Tokens that see each other, if the context holds as many; longer contexts cost memory and change the means little."""
CHUNK: Final = 64
"""Positions whose outputs are held at a time."""
_REASON: Final = 160
"""Characters of onnxruntime's own words that a message repeats."""

Array = NDArray[np.float32]


def text_ids(bundle: Path, manifest: Manifest, name: str) -> NDArray[np.int64]:
    """A text shipped in `models/text`, in the bundle's own tokens."""
    tokenizer = tokenizers.Tokenizer.from_file(str(bundle / TOKENIZER_NAME))
    text = Path(__file__).parent.joinpath("text", name).read_text(encoding="utf-8")
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    first = [] if manifest.bos_id is None else [manifest.bos_id]
    return np.array(first + ids, dtype=np.int64)


def pieces(ids: NDArray[np.int64], size: int) -> Iterator[NDArray[np.int64]]:
    """Cut into pieces of at most `size`."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


@contextmanager
def _as_graph_error(name: str) -> Iterator[None]:
    try:
        yield
    except Exception as exc:  # onnxruntime's errors share no base class
        raise GraphError(name, str(exc).partition("\n")[0][:_REASON]) from exc


def window_of(manifest: Manifest) -> int:
    """Tokens that see each other when such a bundle is run here."""
    return min(_WINDOW, manifest.context_length)


class Runner:
    """A session with cache buffers of one window."""

    def __init__(self, bundle: Path, manifest: Manifest, *, packed: bool = True) -> None:
        """Without `packed`, matrices of float32 stay in the mapped file, as the system has room for them.

        That takes a fifth more time to run and a quarter of the memory. Matrices of fewer bits need packing to be fast.

        Raises:
            GraphError: onnxruntime refuses the graph.
        """
        self._name = manifest.name
        options = ort.SessionOptions()
        options.enable_mem_pattern = False
        if not packed:
            options.add_session_config_entry("session.disable_prepacking", "1")
        with _as_graph_error(self._name):
            self._session = ort.InferenceSession(
                bundle / DECODER_NAME, options, providers=["CPUExecutionProvider"]
            )
        self.window = window_of(manifest)
        """Tokens its cache holds."""
        sizes = {"batch": 1, "capacity": self.window}
        self._buffers = [
            (
                past.name,
                present.name,
                np.zeros([a if isinstance(a, int) else sizes[a] for a in past.shape], past.dtype),
            )
            for cache in manifest.caches
            for past, present in zip(cache.past, cache.present, strict=True)
        ]
        self._unused = {spec.name for spec in manifest.inputs} & {"score_positions", "candidates"}
        replaced = {past.name for cache in manifest.caches if cache.kind != "kv" for past in cache.past}
        self._states = [buffer for name, _, buffer in self._buffers if name in replaced]
        self._rows = [(name, buffer) for name, _, buffer in self._buffers if name not in replaced]

    def run(self, ids: NDArray[np.int64], past: int, outputs: Sequence[str], *, asked: int) -> list[Array]:
        """Append `ids` behind `past` tokens (0 begins a new window); `asked` is how many places get logits.

        Raises:
            GraphError: onnxruntime fails.
        """
        if past == 0:  # attention sees no rows of the last window, but recurrent states would carry it over
            for state in self._states:
                state.fill(0)
        total = past + len(ids)
        inputs: dict[str, NDArray[np.generic]] = {
            "input_ids": ids.reshape(1, -1),
            "seqlens_k": np.array([total - 1], dtype=np.int32),
            "total_sequence_length": np.array(total, dtype=np.int32),
            "logit_positions": np.arange(asked),
        }
        inputs |= {name: np.empty(0, np.int64) for name in self._unused}
        with _as_graph_error(self._name):
            return self._bound(inputs, outputs)

    def remembered(self, tokens: int) -> Iterator[tuple[str, NDArray[np.generic]]]:
        """Keys and values [kv, rows, D] of so many tokens, or of the last where a window is shorter, by their name."""
        for name, buffer in self._rows:
            yield name, buffer[0, :, :tokens]

    def _bound(self, inputs: dict[str, NDArray[np.generic]], outputs: Sequence[str]) -> list[Array]:
        binding = self._session.io_binding()
        for name, array in inputs.items():
            binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(array))
        for before, after, buffer in self._buffers:
            value = ort.OrtValue.ortvalue_from_numpy(buffer)
            binding.bind_ortvalue_input(before, value)
            binding.bind_ortvalue_output(after, value)
        for name in outputs:
            binding.bind_output(name)
        self._session.run_with_iobinding(binding)
        return [value.numpy() for value in binding.get_outputs()[len(self._buffers) :]]


class EncoderRunner:
    """A session for a graph that takes whole sentences."""

    def __init__(self, graph: Path) -> None:
        """Load the graph.

        Raises:
            GraphError: onnxruntime refuses it.
        """
        self._name = graph.name
        with _as_graph_error(self._name):
            self._session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
        self._inputs = [node.name for node in self._session.get_inputs()]

    def run(self, ids: NDArray[np.int64]) -> Array:
        """The answer [width] to one sentence [S].

        Raises:
            GraphError: onnxruntime fails.
        """
        whole = ids.reshape(1, -1)
        known = {
            "input_ids": whole,
            "attention_mask": np.ones_like(whole),
            "token_type_ids": np.zeros_like(whole),
        }
        with _as_graph_error(self._name):
            outputs = self._session.run(None, {name: known[name] for name in self._inputs})
        answers: Array = np.asarray(outputs[0], np.float32)
        answer: Array = answers[0]
        return answer

"""The only door to onnxruntime for language models.

Knows how a decoder is loaded, how its cache buffers are bound, and how one chunk of tokens is run. Does not know what
the tokens mean, which come next, or who asked. Untyped land ends here: everything that leaves is checked numpy.
"""

import os
import time
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

import runtime
from models.cpu import cpu_class
from models.manifest import DECODER_NAME, Manifest
from runtime.engine.cache import Cache
from runtime.errors import BundleError, EngineError

_SPIN_US: Final = 1000
"""How long a worker thread waits hot for the next operator: longer than the gap between two operators and two tokens,
short enough that an idle board sleeps."""
_LOGITS: Final = "logits"
_REASON: Final = 160
"""Characters of onnxruntime's own words that a message repeats."""


def usable_cores() -> int:
    """Cores this process may use; physical ones, where the kernel tells them apart."""
    allowed = os.sched_getaffinity(0)
    packages = {_topology(cpu) for cpu in allowed}
    return max(1, len(packages))


def _topology(cpu: int) -> tuple[str, str]:
    base = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology")
    try:
        return base.joinpath("physical_package_id").read_text(), base.joinpath("core_id").read_text()
    except OSError:
        return ("", str(cpu))


def load_graph(
    path: Path, manifest: Manifest, *, threads: int | None, fused: bool, trace: Path | None = None
) -> ort.InferenceSession:
    """Load the graph at `path` and hold it against its manifest; seconds of work.

    A graph of ours is `fused` already; in another, onnxruntime looks for what it can fuse. With `trace` it records when
    each operator ran, into a file whose name begins so; that slows every operator down.

    Raises:
        BundleError: onnxruntime refuses it, or its inputs are not what the manifest says.
    """
    levels = ort.GraphOptimizationLevel
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or usable_cores()
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = levels.ORT_ENABLE_BASIC if fused else levels.ORT_ENABLE_ALL
    options.enable_mem_pattern = False  # patterns are kept per shape, and every chunk has another
    options.add_session_config_entry("session.intra_op.spin_duration_us", str(_SPIN_US))
    options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
    if trace is not None:
        options.enable_profiling = True
        options.profile_file_prefix = str(trace)
    try:
        graph = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as exc:  # onnxruntime's errors share no base class
        reason = str(exc).partition("\n")[0][:_REASON]
        raise BundleError(
            f"bundle {manifest.name!r} cannot be loaded; `ingle verify {manifest.name}` says whether it is "
            f"damaged, `ingle pull {manifest.name} --force` makes it anew (onnxruntime: {reason})"
        ) from exc
    _check(graph, manifest)
    return graph


def _check(graph: ort.InferenceSession, manifest: Manifest) -> None:
    """The graph and its manifest must agree on every name and shape, once, here."""
    for kind, specs, nodes in (
        ("input", manifest.inputs, graph.get_inputs()),
        ("output", manifest.outputs, graph.get_outputs()),
    ):
        found = {node.name: tuple(node.shape) for node in nodes}
        expected = {spec.name: spec.shape for spec in specs}
        if found != expected:
            wrong, _ = min(set(found.items()) ^ set(expected.items()), key=str)
            raise BundleError(
                f"bundle {manifest.name!r}: {kind} {wrong!r} differs from the manifest; pull the model again"
            )


class Session:
    """A loaded decoder."""

    def __init__(
        self, bundle: Path, manifest: Manifest, *, threads: int | None = None, trace: Path | None = None
    ) -> None:
        """Load the graph; seconds of work. `trace` as in `load_graph`.

        Raises:
            BundleError: it is no decoder, onnxruntime refuses it, or its inputs are not what the manifest says.
        """
        if manifest.task != "generate":
            raise BundleError(
                f"{manifest.name!r} is there to {manifest.task} texts and writes none: use "
                f"`ingle {manifest.task} {manifest.name}`, or choose a model that writes"
            )
        self._session = load_graph(bundle / DECODER_NAME, manifest, threads=threads, fused=True, trace=trace)
        self._threads = threads or usable_cores()
        self.manifest = manifest

    @property
    def rounding(self) -> dict[str, str | int]:
        """What decides, beside the tokens and how they are cut, the last digits of what is computed."""
        return {
            "bundle": self.manifest.digest,
            "inglenook": runtime.__version__,
            "onnxruntime": ort.__version__,
            "processor": cpu_class(),
            "threads": self._threads,
        }

    def end_trace(self) -> Path:
        """Stop recording and return the file: a list of events, in Chrome's trace format."""
        return Path(self._session.end_profiling())

    def new_slot(self, *, snapshots: int = 0, snapshot_bytes: int = 0) -> "Slot":
        """A cache for one conversation, as long as the context; memory is touched only where it is used.

        Of what does not stay as it is it keeps at most so many snapshots, and so many bytes of them.
        """
        cache = Cache(self.manifest, snapshots=snapshots, snapshot_bytes=snapshot_bytes)
        return Slot(self._session, self.manifest, cache)


class Slot:
    """One sequence's cache, bound to its session: past and present are the same memory, whatever the kind.

    Sharing is exact for every kind: attention appends, and the recurrent kernels read a state before they write it.
    """

    def __init__(self, session: ort.InferenceSession, manifest: Manifest, cache: Cache) -> None:
        self._session = session
        self._vocabulary = manifest.vocabulary_size
        self.cache = cache
        self._seqlens = np.zeros(1, dtype=np.int32)
        self._total = np.zeros((), dtype=np.int32)
        self._ids = np.zeros((1, 1), dtype=np.int64)
        self._logits = np.zeros((1, 1, self._vocabulary), dtype=np.float32)
        self._held = [
            (buffer, ort.OrtValue.ortvalue_from_numpy(buffer.array)) for buffer in self.cache.buffers
        ]
        self._step = self._bind(self._ids, np.zeros(1, dtype=np.int64), self._logits)
        self.run_seconds = 0.0
        """Time spent inside onnxruntime since this slot was made."""

    def _bind(
        self, ids: NDArray[np.int64], positions: NDArray[np.int64], logits: NDArray[np.float32]
    ) -> ort.IOBinding:
        binding = self._session.io_binding()
        inputs = (
            ("input_ids", ids),
            ("seqlens_k", self._seqlens),
            ("total_sequence_length", self._total),
            ("logit_positions", positions),
        )
        for name, array in inputs:
            binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(array))
        for buffer, value in self._held:
            binding.bind_ortvalue_input(buffer.past, value)
            binding.bind_ortvalue_output(buffer.present, value)
        binding.bind_ortvalue_output(_LOGITS, ort.OrtValue.ortvalue_from_numpy(logits))
        return binding

    def prefill(self, ids: NDArray[np.int64], *, asked: NDArray[np.int64]) -> NDArray[np.float32]:
        """Append ids [n] behind what the cache holds; return logits [len(asked), V] at those places of the chunk.

        With nothing asked the head is not computed at all.

        Raises:
            EngineError: onnxruntime failed; the cache then holds nothing.
        """
        logits = np.empty((1, len(asked), self._vocabulary), dtype=np.float32)
        self._run(self._bind(ids.reshape(1, -1), asked, logits), len(ids))
        rows: NDArray[np.float32] = logits[0]
        return rows

    def step(self, token: int) -> NDArray[np.float32]:
        """Append one token; return its logits [V], valid (and free to be changed) until the next step.

        Raises:
            EngineError: as `prefill`.
        """
        self._ids[0, 0] = token
        self._run(self._step, 1)
        row: NDArray[np.float32] = self._logits[0, 0]
        return row

    def _run(self, binding: ort.IOBinding, count: int) -> None:
        total = self.cache.tokens + count
        self._seqlens[0] = total - 1
        self._total[()] = total
        start = time.perf_counter()
        try:
            self._session.run_with_iobinding(binding)
        except Exception as exc:  # onnxruntime's errors share no base class
            self.cache.forget()
            raise EngineError(f"onnxruntime failed on a step: {exc}") from exc
        finally:
            self.run_seconds += time.perf_counter() - start
        self.cache.tokens = total

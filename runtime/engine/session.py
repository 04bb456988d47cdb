"""The only door to onnxruntime for language models.

Knows how a decoder is loaded, and how it is run over memory that is bound to it. Does not know what the memory means
(`runtime.engine.bank` does). Untyped land ends here: everything that leaves is checked numpy.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import onnxruntime as ort

import runtime
from models.cpu import cpu_class
from models.manifest import DECODER_NAME, Manifest
from runtime.engine import pages
from runtime.engine.arena import State
from runtime.engine.tasks import command, purpose
from runtime.errors import BundleError, EngineError

_SPIN_US: Final = 1000
"""How long a worker thread waits hot for the next operator: longer than the gap between two operators and two tokens,
short enough that an idle board sleeps."""
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
    options = _options(threads, fused=fused)
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


def load_foreign(path: Path, *, threads: int | None) -> ort.InferenceSession:
    """Load a graph that has no manifest: whoever asks knows its inputs.

    Raises:
        BundleError: onnxruntime refuses it.
    """
    try:
        return ort.InferenceSession(path, _options(threads, fused=False), providers=["CPUExecutionProvider"])
    except Exception as exc:  # onnxruntime's errors share no base class
        reason = str(exc).partition("\n")[0][:_REASON]
        raise BundleError(f"{path} cannot be loaded; fetch it again (onnxruntime: {reason})") from exc


def _options(threads: int | None, *, fused: bool) -> ort.SessionOptions:
    levels = ort.GraphOptimizationLevel
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or usable_cores()
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = levels.ORT_ENABLE_BASIC if fused else levels.ORT_ENABLE_ALL
    options.enable_mem_pattern = False  # patterns are kept per shape, and every chunk has another
    options.add_session_config_entry("session.intra_op.spin_duration_us", str(_SPIN_US))
    options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
    return options


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
                f"{manifest.name!r} is there to {purpose(manifest)} and writes none: use "
                f"`{command(manifest)}`, or choose a model that writes"
            )
        self._session = load_graph(bundle / DECODER_NAME, manifest, threads=threads, fused=True, trace=trace)
        pages.give_back(bundle)
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

    def bind(self, inputs: Mapping[str, State], outputs: Mapping[str, State]) -> "Bound":
        """The graph over that memory."""
        bound = Bound(self._session)
        for name, array in inputs.items():
            bound.read(name, array)
        for name, array in outputs.items():
            bound.write(name, array)
        return bound


class Bound:
    """A graph with memory bound to its inputs and outputs: a run reads and writes there in place.

    The same memory may be both a past and a present, whatever the kind of cache: attention appends, and the recurrent
    kernels read a state before they write it.
    """

    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session
        self._binding = session.io_binding()

    def read(self, name: str, array: State) -> None:
        """Make an input that memory."""
        self._binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(array))

    def write(self, name: str, array: State) -> None:
        """Make an output that memory."""
        self._binding.bind_ortvalue_output(name, ort.OrtValue.ortvalue_from_numpy(array))

    def run(self) -> float:
        """Run the graph once; return the seconds it took.

        Raises:
            EngineError: onnxruntime failed; what was to be written may be half-written.
        """
        start = time.perf_counter()
        try:
            self._session.run_with_iobinding(self._binding)
        except Exception as exc:  # onnxruntime's errors share no base class
            raise EngineError(f"onnxruntime failed on a step: {exc}") from exc
        return time.perf_counter() - start

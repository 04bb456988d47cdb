"""Where a decoder's time goes: seconds by operator and by part of the network, for reading a prompt and for decoding.

Knows onnxruntime's trace and the names that `models.graph` gives to nodes. Runs the engine's own session
without the engine around it: what Python adds is `runtime.bench`'s to say. Recording costs some microseconds an
operator, so shares are to be trusted, and speeds are not.
"""

import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from models.manifest import Manifest
from runtime.engine.bank import Slot, new_slot
from runtime.engine.session import Session
from runtime.errors import CallerError
from runtime.limits import Limits

_WARM: Final = 3
"""Steps before those that count, if the context has room for as many."""
_KERNEL: Final = "_kernel_time"
_MIXERS: Final = {
    frozenset({"kv"}): "attention",
    frozenset({"conv"}): "convolution",
    frozenset({"conv", "ssm"}): "mamba",
}
"""What mixes the tokens of a layer, by what the layer remembers."""


@dataclass(frozen=True, slots=True)
class Node:
    """One operator of one run."""

    name: str
    """As in the graph: its scopes, then its operator."""
    operator: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Run:
    """One pass through the graph."""

    seconds: float
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one group of operators took in all runs of a phase."""

    name: str
    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Phase:
    """Prefill or decode."""

    name: str
    tokens: int
    seconds: float
    """Inside onnxruntime, of which the operators themselves are a part."""
    between_s: float
    """Between operators: dispatch, allocation, recording."""
    operators: tuple[Cost, ...]
    """By operator type, the costliest first."""
    parts: tuple[Cost, ...]
    """The same time by part of the network, all layers of a kind together."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything `ingle bench --profile` says."""

    model: str
    digest: str
    phases: tuple[Phase, ...]


def profile(
    bundle: Path, manifest: Manifest, *, prompt: int = 512, decode: int, threads: int | None = None
) -> Profile:
    """Read `prompt` random tokens (fewer, if the context is shorter) and decode behind them, recording.

    onnxruntime's own file is gone afterwards.

    Raises:
        BundleError: the bundle cannot be loaded.
        CallerError: the context is too short for `decode` tokens.
        EngineError: inference failed.
    """
    prompt = min(prompt, manifest.context_length - decode)
    if prompt < 1:
        raise CallerError(
            f"{decode} tokens leave nothing for a prompt in the {manifest.context_length} of {manifest.name!r}; "
            "decode fewer"
        )
    with tempfile.TemporaryDirectory(prefix="inglenook-profile-") as folder:
        session = Session(bundle, manifest, threads=threads, trace=Path(folder) / "trace")
        chunks = _drive(new_slot(session), manifest.vocabulary_size, prompt, decode)
        runs = read_trace(session.end_trace().read_bytes())
    counted = runs[-chunks - decode :]
    return Profile(
        manifest.name,
        manifest.digest,
        (
            summarise("prefill", prompt, counted[:chunks], manifest),
            summarise("decode", decode, counted[chunks:], manifest),
        ),
    )


def _drive(slot: Slot, vocabulary: int, prompt: int, decode: int) -> int:
    """Warm up, then prefill and decode from the beginning; returns the number of prefill's runs."""
    ids = np.random.default_rng(0).integers(0, vocabulary, prompt)
    size = Limits().prefill_chunk
    chunks = [ids[start : start + size] for start in range(0, prompt, size)]
    last = np.array([len(chunks[-1]) - 1])
    slot.prefill(chunks[-1], asked=last)
    for _ in range(min(_WARM, decode)):
        slot.step(0)
    slot.cache.trim(0)
    for chunk in chunks[:-1]:
        slot.prefill(chunk, asked=np.empty(0, dtype=np.int64))
    token = int(slot.prefill(chunks[-1], asked=last)[0].argmax())
    for _ in range(decode):
        token = int(slot.step(token).argmax())
    return len(chunks)


def read_trace(trace: str | bytes) -> tuple[Run, ...]:
    """Events of onnxruntime (microseconds; a run is told when it ends, after its operators), in order."""
    runs: list[Run] = []
    nodes: list[Node] = []
    for event in json.loads(trace):
        name: str = event["name"]
        if name == "model_run":
            runs.append(Run(event["dur"] / 1e6, tuple(nodes)))
            nodes = []
        elif event["cat"] == "Node" and name.endswith(_KERNEL):
            nodes.append(_node(event))
    return tuple(runs)


def _node(event: dict[str, Any]) -> Node:
    return Node(event["name"].removesuffix(_KERNEL), event["args"]["op_name"], event["dur"] / 1e6)


def summarise(name: str, tokens: int, runs: Sequence[Run], manifest: Manifest) -> Phase:
    """Add up what the runs of a phase have in common."""
    nodes = [node for run in runs for node in run.nodes]
    total = sum(run.seconds for run in runs)
    mixers = _mixers(manifest)
    return Phase(
        name=name,
        tokens=tokens,
        seconds=total,
        between_s=max(0.0, total - sum(node.seconds for node in nodes)),
        operators=_costs((node.operator, node.seconds) for node in nodes),
        parts=_costs((_part(node, mixers), node.seconds) for node in nodes),
    )


def _costs(pairs: Iterable[tuple[str, float]]) -> tuple[Cost, ...]:
    """The costliest first."""
    groups: dict[str, list[float]] = defaultdict(list)
    for name, seconds in pairs:
        groups[name].append(seconds)
    costs = (Cost(name, len(times), sum(times)) for name, times in groups.items())
    return tuple(sorted(costs, key=lambda cost: (-cost.seconds, cost.name)))


def _mixers(manifest: Manifest) -> dict[str, str]:
    """What each layer's `mixer` is, by the layer's number."""
    kinds: dict[str, set[str]] = defaultdict(set)
    for cache in manifest.caches:
        kinds[str(cache.layer)].add(cache.kind)
    return {layer: _MIXERS.get(frozenset(found), "attention and mamba") for layer, found in kinds.items()}


def _part(node: Node, mixers: dict[str, str]) -> str:
    """`layers.3.mixer.qkv.MatMulNBits` is attention.qkv; outside the layers the first scope says it."""
    scopes = node.name.split(".")
    if scopes[0] != "layers" or len(scopes) < 3:  # noqa: PLR2004  layers, number, part
        return scopes[0]
    _, layer, part, *inner = scopes[: scopes.index(node.operator)] if node.operator in scopes else scopes
    part = part.replace("mixer", mixers.get(layer, "mixer"))
    return ".".join([part, *inner[:1]])

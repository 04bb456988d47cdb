"""How far a quantised bundle is from the fp32 graph of the same weights: KL divergence, top-1 agreement, perplexity.

Knows how to run two bundles side by side over a shipped text. This is the builder's own door to onnxruntime: it may not
reach into `runtime`, and it needs none of its queues and slots.
"""

import platform
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime as ort
import tokenizers
from numpy.typing import NDArray

from models.manifest import DECODER_NAME, TOKENIZER_NAME, Fidelity, Manifest

TEXT_NAME: Final = "fidelity-en.txt"
_WINDOW: Final = 512
"""Tokens that see each other; longer contexts cost memory and change the means little."""
_CHUNK: Final = 64
"""Positions whose logits are held at a time, for both graphs."""
_DIGITS: Final = 4

Logits = NDArray[np.float32]


def measure(bundle: Path, manifest: Manifest, reference: Path) -> Fidelity:
    """Run both bundles over the shipped text; figures are rounded to four digits.

    `reference` is the fp32 bundle of the same checkpoint, so it shares manifest inputs and tokenizer.
    """
    ids = _ids(bundle, manifest)
    near, far = _Runner(reference, manifest), _Runner(bundle, manifest)
    divergences: list[NDArray[np.float64]] = []
    agreed: list[NDArray[np.bool_]] = []
    losses: list[tuple[float, float]] = []
    width = min(_WINDOW, manifest.context_length)
    for start in range(0, len(ids), width):
        window = ids[start : start + width]
        for (p, q), following in zip(_pairs(near, far, window), _chunks(window[1:]), strict=False):
            divergences.append((np.exp(p) * (p - q)).sum(axis=-1))
            agreed.append(p.argmax(axis=-1) == q.argmax(axis=-1))
            places = np.arange(len(following))
            losses.extend(zip(-p[places, following], -q[places, following], strict=True))
    kl, losses_array = np.concatenate(divergences), np.array(losses)
    return Fidelity(
        kl_mean=_round(kl.mean()),
        kl_max=_round(kl.max()),
        top1=_round(np.concatenate(agreed).mean()),
        perplexity=_round(np.exp(losses_array[:, 1].mean())),
        reference_perplexity=_round(np.exp(losses_array[:, 0].mean())),
        tokens=len(kl),
        text=TEXT_NAME,
        against="the fp32 graph of the same weights",
        cpu=cpu_class(),
    )


def cpu_class() -> str:
    """The instruction sets that choose onnxruntime's kernels, e.g. `x86_64-avx2` or `aarch64-dotprod`."""
    flags = set()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() in {"flags", "features"}:
            flags = set(value.split())
            break
    steps = {
        "x86_64": (
            ("avx512_vnni", "avx512vnni"),
            ("avx_vnni", "avxvnni"),
            ("avx512f", "avx512"),
            ("avx2", "avx2"),
        ),
        "aarch64": (("i8mm", "i8mm"), ("asimddp", "dotprod"), ("asimd", "neon")),
    }
    machine = platform.machine()
    found = next((label for flag, label in steps.get(machine, ()) if flag in flags), "generic")
    return f"{machine}-{found}"


def _ids(bundle: Path, manifest: Manifest) -> NDArray[np.int64]:
    tokenizer = tokenizers.Tokenizer.from_file(str(bundle / TOKENIZER_NAME))
    text = Path(__file__).parent.joinpath("text", TEXT_NAME).read_text(encoding="utf-8")
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    first = [] if manifest.bos_id is None else [manifest.bos_id]
    return np.array(first + ids, dtype=np.int64)


def _pairs(near: "_Runner", far: "_Runner", window: NDArray[np.int64]) -> Iterator[tuple[Logits, Logits]]:
    """Log-probabilities of both graphs, a chunk of positions at a time."""
    past = 0
    for part in _chunks(window[:-1]):
        yield near.log_probabilities(part, past), far.log_probabilities(part, past)
        past += len(part)


def _chunks(ids: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]


class _Runner:
    """One bundle, fed a window at a time."""

    def __init__(self, bundle: Path, manifest: Manifest) -> None:
        options = ort.SessionOptions()
        options.enable_mem_pattern = False
        self._session = ort.InferenceSession(
            bundle / DECODER_NAME, options, providers=["CPUExecutionProvider"]
        )
        sizes = {"batch": 1, "capacity": _WINDOW}
        self._buffers = [
            (
                past.name,
                present.name,
                np.zeros(
                    [axis if isinstance(axis, int) else sizes[axis] for axis in past.shape], dtype=past.dtype
                ),
            )
            for cache in manifest.caches
            for past, present in zip(cache.past, cache.present, strict=True)
        ]
        self._vocabulary = manifest.vocabulary_size

    def log_probabilities(self, ids: NDArray[np.int64], past: int) -> Logits:
        """float32 [len(ids), V]; `past` 0 begins a new window."""
        total = past + len(ids)
        logits = np.empty((1, len(ids), self._vocabulary), dtype=np.float32)
        binding = self._session.io_binding()
        inputs: dict[str, NDArray[np.generic]] = {
            "input_ids": ids.reshape(1, -1),
            "seqlens_k": np.array([total - 1], dtype=np.int32),
            "total_sequence_length": np.array(total, dtype=np.int32),
            "logit_positions": np.arange(len(ids)),
        }
        for name, array in inputs.items():
            binding.bind_ortvalue_input(name, ort.OrtValue.ortvalue_from_numpy(array))
        for before, after, buffer in self._buffers:
            value = ort.OrtValue.ortvalue_from_numpy(buffer)
            binding.bind_ortvalue_input(before, value)
            binding.bind_ortvalue_output(after, value)
        binding.bind_ortvalue_output("logits", ort.OrtValue.ortvalue_from_numpy(logits))
        self._session.run_with_iobinding(binding)
        row: Logits = logits[0]
        row -= row.max(axis=-1, keepdims=True)
        row -= np.log(np.exp(row).sum(axis=-1, keepdims=True))
        return row


def _round(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")

"""A GGUF file as a checkpoint: lazy tensors under Hugging Face's names, dequantised by the `gguf` package.

Knows how a file becomes a `Checkpoint`; the bytes of the header are `gguf_header`'s, the names and what the converter
changed `naming`'s, the tokenizer `gguf_tokenizer`'s.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Final

import numpy as np
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType, Keys
from gguf.quants import dequantize
from numpy.typing import NDArray

from models.checkpoint import Checkpoint
from models.errors import ArchitectureError, WeightsError
from models.weights.gguf_header import Header, TensorInfo, read_header
from models.weights.gguf_metadata import Metadata, shortest
from models.weights.gguf_tokenizer import read_tokenizer
from models.weights.naming import naming_of
from models.weights.naming.row import Facts, Naming, Restored
from models.weights.sampling import sampling_of

_LAYER: Final = re.compile(r"blk\.([0-9]+)\.(.+)")
_ROPE_FACTORS: Final = "rope_freqs.weight"
_SLAB: Final = 1 << 20
"""Weights dequantised at a time."""
_SAMPLING: Final = {
    "temperature": Keys.General.SAMPLING_TEMP,
    "top_p": Keys.General.SAMPLING_TOP_P,
    "top_k": Keys.General.SAMPLING_TOP_K,
    "repetition_penalty": Keys.General.SAMPLING_PENALTY_REPEAT,
}


@dataclass(frozen=True, slots=True)
class _Tensor:
    parts: tuple[TensorInfo, ...]
    """Mostly one; else rows above rows."""
    heads: int
    """Groups of permuted rows; 0 when rows are as they should be."""
    restored: Restored | None = None
    """How stored values become the maker's, where they are others."""


class GgufWeights:
    """Named tensors of one GGUF file; each read opens the file, takes the bytes it needs and closes it."""

    def __init__(self, path: Path, tensors: Mapping[str, _Tensor]) -> None:
        self._path, self._tensors = path, tensors

    def __iter__(self) -> Iterator[str]:
        """Names in Hugging Face's form, sorted."""
        return iter(sorted(self._tensors))

    def __contains__(self, name: object) -> bool:
        """Whether the file has this tensor."""
        return name in self._tensors

    def shape(self, name: str) -> tuple[int, ...]:
        """`[out, in]` for a linear layer."""
        tensor = self._tensors[name]
        (_, *columns), rows = tensor.parts[0].shape, sum(part.shape[0] for part in tensor.parts)
        return tensor.restored.shape((rows, *columns)) if tensor.restored else (rows, *columns)

    def stored(self, name: str) -> str:
        """The type's name: Q4_K, F16; all of them where parts have several: Q4_K+Q6_K."""
        return "+".join(dict.fromkeys(part.kind.name for part in self._tensors[name].parts))

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        """The tensor as float32, dequantised, rows in Hugging Face's order.

        Raises:
            KeyError: no such tensor.
            WeightsError: the file ends before the tensor does.
        """
        tensor = self._tensors[name]
        parts = [_read(self._path, name, part) for part in tensor.parts]
        values = np.concatenate(parts) if len(parts) > 1 else parts[0]
        if tensor.heads:
            values = unpermute(values, tensor.heads)
        return tensor.restored.values(values) if tensor.restored else values


def unpermute(rows: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Undo the row order llama.cpp's converter gives query and key weights, `[heads * d, ...]`.

    The converter stores as row `2 * i + h` of a head what Hugging Face has as row `h * d/2 + i` (interleaved
    rotary instead of half and half): `reshape(heads, 2, d/2, ...).swapaxes(1, 2)` there, the inverse here.
    """
    grouped = rows.reshape(heads, rows.shape[0] // heads // 2, 2, *rows.shape[1:])
    return np.ascontiguousarray(grouped.swapaxes(1, 2)).reshape(rows.shape)


def open_gguf(path: Path) -> Checkpoint:
    """Open the GGUF file at `path`; tensors stay on disk until asked for.

    Raises:
        WeightsError: not GGUF, truncated, corrupt, a tensor missing, or a type or tokenizer we do not read.
        ArchitectureError: an architecture we do not build, or a tensor it does not know.
    """
    header = read_header(path)
    parts = header.metadata.get("split.count", 1)
    if isinstance(parts, int) and parts > 1:
        raise WeightsError(
            f"{path.name} is one of {parts} parts; join them with `llama-gguf-split --merge` first"
        )
    metadata = Metadata(header.metadata, path.name)
    naming = naming_of(metadata)
    _check_types(header, path.name)
    named = _translate(header, metadata, naming, path.name)
    weights = GgufWeights(path, named)
    rows = named[naming.tensors["token_embd.weight"]].parts[0].shape[0]
    tokenizer = read_tokenizer(header.metadata, rows, path.name)
    return Checkpoint(
        config=naming.config_of(Facts(metadata, frozenset(named), rows, _rope_factors(path, header))),
        weights=weights,
        tokenizer=tokenizer.json,
        chat_template=tokenizer.chat_template,
        bos_id=tokenizer.bos_id,
        eos_ids=tokenizer.eos_ids,
        sampling=sampling_of(_recommended(header), path.name),
    )


def _read(path: Path, name: str, info: TensorInfo) -> NDArray[np.float32]:
    """Dequantise one tensor, `info.shape`, a slab of rows at a time: the package makes copies on the way."""
    values = np.empty((prod(info.shape[:-1]), info.shape[-1]), np.float32)
    row_bytes = info.size // len(values)
    step = max(1, _SLAB // info.shape[-1])
    try:
        with path.open("rb") as file:
            file.seek(info.offset)
            for start in range(0, len(values), step):
                slab = values[start : start + step]
                raw = np.fromfile(file, np.uint8, len(slab) * row_bytes)
                if raw.size != len(slab) * row_bytes:
                    raise WeightsError(f"{path.name} is truncated: it ends within {name!r}; fetch it again")
                # A corrupt scale may be inf or nan: the quantiser names the tensor that has one.
                with np.errstate(over="ignore", invalid="ignore"):
                    slab[:] = dequantize(raw.reshape(len(slab), row_bytes), info.kind)
    except OSError as exc:
        raise WeightsError(
            f"cannot read {name!r} from {path.name} ({exc.strerror or exc}); check the file"
        ) from exc
    return values.reshape(info.shape)


def _check_types(header: Header, file: str) -> None:
    """Try each type on one block of zeros: the package says for itself what it can dequantise."""
    first: dict[GGMLQuantizationType, str] = {}
    for name, info in header.tensors.items():
        first.setdefault(info.kind, name)
    for kind, name in first.items():
        try:
            dequantize(np.zeros((1, GGML_QUANT_SIZES[kind][1]), np.uint8), kind)
        except NotImplementedError as exc:
            raise WeightsError(
                f"tensor {name!r} of {file} has type {kind.name}, which cannot be dequantised here; "
                "use a file quantised as Q8_0, Q4_K or another common type"
            ) from exc


def _translate(header: Header, metadata: Metadata, naming: Naming, file: str) -> dict[str, _Tensor]:
    """Every tensor under its Hugging Face name, none missing, none unknown."""
    groups: dict[str, int] = {}
    if naming.query_rows:
        heads = metadata.integer("attention.head_count")
        groups |= dict.fromkeys(naming.query_rows, heads)
        groups |= dict.fromkeys(naming.key_rows, metadata.some("attention.head_count_kv", heads))
    known = {**naming.tensors, **naming.optional}
    found: dict[str, dict[str, TensorInfo]] = {}  # by Hugging Face's name, then by GGUF's
    for name, info in header.tensors.items():
        pattern, layer = _pattern(name)
        if pattern in naming.ignored:
            continue
        if pattern not in known:
            raise ArchitectureError(
                f"{file} has a tensor {name[:60]!r} that architecture {metadata.architecture!r} as we build it "
                "does not use; choose a plain (dense) model"
            )
        group = groups.get(pattern, 0)
        if group and info.shape[0] % (2 * group):
            raise WeightsError(
                f"{file} is corrupt: {info.shape[0]} rows of {name!r} are no {group} heads; fetch it again"
            )
        found.setdefault(known[pattern].format(layer), {})[pattern] = info
    for number in range(metadata.integer("block_count")):
        for pattern, translated in naming.tensors.items():
            if pattern not in found.get(translated.format(number), {}):
                raise WeightsError(f"{file} lacks the tensor {pattern.format(number)!r}; fetch it again")
    return {name: _joined(name, stored, groups, naming, file) for name, stored in found.items()}


def _joined(
    name: str, stored: Mapping[str, TensorInfo], groups: Mapping[str, int], naming: Naming, file: str
) -> _Tensor:
    """One tensor of what the file has, by pattern."""
    patterns = [pattern for pattern in (*naming.tensors, *naming.optional) if pattern in stored]
    parts = tuple(stored[pattern] for pattern in patterns)
    if len({part.shape[1:] for part in parts}) > 1:
        raise WeightsError(
            f"{file} is corrupt: the parts of {name!r} have rows of several sizes; fetch it again"
        )
    return _Tensor(parts, groups.get(patterns[0], 0), naming.restored.get(patterns[0]))


def _pattern(name: str) -> tuple[str, str]:
    """`blk.7.attn_q.weight` as `blk.{}.attn_q.weight` and `7`."""
    found = _LAYER.fullmatch(name)
    return (f"blk.{{}}.{found[2]}", found[1]) if found else (name, "")


def _rope_factors(path: Path, header: Header) -> tuple[float, ...]:
    info = header.tensors.get(_ROPE_FACTORS)
    return () if info is None else tuple(float(x) for x in _read(path, _ROPE_FACTORS, info).ravel())


def _recommended(header: Header) -> dict[str, object]:
    """The maker's sampling settings under the names `generation_config.json` has for them."""
    found = {key: header.metadata.get(source) for key, source in _SAMPLING.items()}
    return {key: shortest(value) if isinstance(value, float) else value for key, value in found.items()}

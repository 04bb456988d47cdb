"""The header of a GGUF file: metadata and the place of each tensor, no count believed unchecked.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3. Knows bytes and bounds;
not what a key means (`models.weights.gguf`). Reads the header itself rather than through `gguf.GGUFReader`,
which trusts counts and lengths: checking them beforehand means walking the whole header, and once walked
there is nothing left for it to do.
"""

import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFValueType

from models.errors import WeightsError

_MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)
_FIXED_BYTES: Final = 24
"""Magic, version, tensor count, metadata count."""
_MOST_ENTRIES: Final = 1 << 16
"""Tensors, or metadata keys: the largest models in circulation have a few thousand."""
_MOST_STRINGS: Final = 1 << 22
"""Strings in one array: the largest vocabularies have a quarter of a million tokens, twice as many merges."""
_MOST_DIMENSIONS: Final = 4
_DEFAULT_ALIGNMENT: Final = 32

_SCALARS: Final[Mapping[GGUFValueType, str]] = {
    GGUFValueType.UINT8: "<u1",
    GGUFValueType.INT8: "<i1",
    GGUFValueType.UINT16: "<u2",
    GGUFValueType.INT16: "<i2",
    GGUFValueType.UINT32: "<u4",
    GGUFValueType.INT32: "<i4",
    GGUFValueType.FLOAT32: "<f4",
    GGUFValueType.BOOL: "?",
    GGUFValueType.UINT64: "<u8",
    GGUFValueType.INT64: "<i8",
    GGUFValueType.FLOAT64: "<f8",
}


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """Where one tensor lies and how it is coded."""

    shape: tuple[int, ...]
    """Outermost axis first, as numpy and PyTorch say it (GGUF has it the other way round)."""
    kind: GGMLQuantizationType
    offset: int
    """From the start of the file."""
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Header:
    """Everything before the tensor data."""

    metadata: Mapping[str, Any]
    """Scalars and strings as Python values, arrays as lists."""
    tensors: Mapping[str, TensorInfo]


def read_header(path: Path) -> Header:
    """Read and check the header of the GGUF file at `path`; no tensor data is touched.

    Raises:
        WeightsError: not GGUF, truncated, or a count, length, type or offset that cannot be.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(_FIXED_BYTES)
            _check_start(start, path)
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as buffer:
                return _Cursor(buffer, size, path.name).header()
    except OSError as exc:
        raise WeightsError(
            f"cannot read {path.name} ({exc.strerror or exc}); check the path and its permissions"
        ) from exc


def _check_start(start: bytes, path: Path) -> None:
    if not start.startswith(_MAGIC):
        raise WeightsError(
            f"{path.name} is not a GGUF file: it does not begin with 'GGUF'; check which file it is"
        )
    if len(start) < _FIXED_BYTES:
        raise WeightsError(f"{path.name} is truncated: {len(start)} bytes are no GGUF header; fetch it again")
    (version,) = struct.unpack_from("<I", start, 4)
    if version & 0xFFFF == 0:
        raise WeightsError(f"{path.name} is a big-endian GGUF file; use the little-endian one")
    if version not in _VERSIONS:
        raise WeightsError(f"{path.name} has GGUF version {version}, not 2 or 3; convert the model anew")


class _Cursor:
    """Reads forward through the header and never past the end of the file."""

    def __init__(self, buffer: mmap.mmap, size: int, name: str) -> None:
        self._buffer, self._size, self._name = buffer, size, name
        self._at = len(_MAGIC) + 4

    def header(self) -> Header:
        """The whole header, from the two counts on."""
        tensors = self._count("tensors", _MOST_ENTRIES, smallest=24)
        entries = self._count("metadata keys", _MOST_ENTRIES, smallest=13)
        metadata: dict[str, Any] = {}
        for _ in range(entries):
            key = self._text("a metadata key")
            if key in metadata:
                raise self._corrupt(f"metadata key {_quoted(key)} appears twice")
            metadata[key] = self._value(key)
        raw = [self._tensor() for _ in range(tensors)]
        return Header(metadata, self._placed(raw, metadata.get("general.alignment", _DEFAULT_ALIGNMENT)))

    def _corrupt(self, what: str) -> WeightsError:
        return WeightsError(f"{self._name} is corrupt: {what}; fetch it again")

    def _take(self, size: int, what: str) -> int:
        """Step over `size` bytes and say where they began."""
        at = self._at
        if size > self._size - at:
            raise WeightsError(f"{self._name} is truncated or corrupt: it ends within {what}; fetch it again")
        self._at = at + size
        return at

    def _int32(self, what: str) -> int:
        return int(struct.unpack_from("<I", self._buffer, self._take(4, what))[0])

    def _int64(self, what: str) -> int:
        return int(struct.unpack_from("<Q", self._buffer, self._take(8, what))[0])

    def _count(self, what: str, most: int, *, smallest: int) -> int:
        """A count of things that take at least `smallest` bytes each."""
        count = self._int64(f"the number of {what}")
        if count > most or count * smallest > self._size - self._at:
            raise self._corrupt(f"{count} {what} cannot be")
        return count

    def _text(self, what: str) -> str:
        size = self._int64(what)
        at = self._take(size, what)
        try:
            return self._buffer[at : at + size].decode()
        except UnicodeDecodeError as exc:
            raise self._corrupt(f"{what} is not UTF-8") from exc

    def _kind(self, what: str) -> GGUFValueType:
        number = self._int32(what)
        try:
            return GGUFValueType(number)
        except ValueError as exc:
            raise self._corrupt(f"{what} has the unknown type {number}") from exc

    def _value(self, key: str) -> Any:
        what = f"metadata {_quoted(key)}"
        kind = self._kind(what)
        if kind is GGUFValueType.STRING:
            return self._text(what)
        if kind is not GGUFValueType.ARRAY:
            return self._scalars(_SCALARS[kind], 1, what)[0]
        kind = self._kind(what)
        if kind is GGUFValueType.ARRAY:
            raise self._corrupt(f"{what} is an array of arrays")
        if kind is GGUFValueType.STRING:
            count = self._count(f"strings in {what}", _MOST_STRINGS, smallest=8)
            return [self._text(what) for _ in range(count)]
        dtype = _SCALARS[kind]
        count = self._count(f"values in {what}", self._size, smallest=np.dtype(dtype).itemsize)
        return self._scalars(dtype, count, what)

    def _scalars(self, dtype: str, count: int, what: str) -> list[Any]:
        at = self._take(count * np.dtype(dtype).itemsize, what)
        values: list[Any] = np.frombuffer(self._buffer[at : self._at], dtype).tolist()
        return values

    def _tensor(self) -> tuple[str, TensorInfo]:
        """One tensor's entry; its offset still counts from the start of the data."""
        name = self._text("a tensor name")
        what = f"tensor {_quoted(name)}"
        rank = self._int32(what)
        if not 1 <= rank <= _MOST_DIMENSIONS:
            raise self._corrupt(f"{what} has {rank} dimensions")
        shape = tuple(reversed([self._int64(what) for _ in range(rank)]))
        number, offset = self._int32(what), self._int64(what)
        try:
            kind = GGMLQuantizationType(number)
        except ValueError as exc:
            raise WeightsError(
                f"{what} of {self._name} has the unknown quantisation type {number}; "
                "use a file quantised as Q8_0, Q4_K or another common type"
            ) from exc
        block, block_bytes = GGML_QUANT_SIZES[kind]
        if 0 in shape or shape[-1] % block:
            raise self._corrupt(f"{what} has the impossible shape {list(shape)} for {kind.name}")
        return name, TensorInfo(shape, kind, offset, prod(shape) // block * block_bytes)

    def _placed(self, raw: list[tuple[str, TensorInfo]], alignment: object) -> dict[str, TensorInfo]:
        """Offsets from the start of the file, each tensor inside it and none over another."""
        if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
            raise self._corrupt(f"alignment {alignment!r} is not a power of two")
        end = start = -(-self._at // alignment) * alignment
        tensors: dict[str, TensorInfo] = {}
        for name, info in sorted(raw, key=lambda item: item[1].offset):
            offset = start + info.offset
            if name in tensors:
                raise self._corrupt(f"tensor {_quoted(name)} appears twice")
            if info.offset % alignment or offset < end:
                raise self._corrupt(f"tensor {_quoted(name)} lies over another")
            end = offset + info.size
            if end > self._size:
                raise WeightsError(
                    f"{self._name} is truncated: tensor {_quoted(name)} ends at byte {end}, the file "
                    f"at {self._size}; fetch it again"
                )
            tensors[name] = TensorInfo(info.shape, info.kind, offset, info.size)
        return tensors


def _quoted(name: str) -> str:
    """A name fit for a message: corrupt ones may be long, or hold line breaks."""
    return repr(name[:60])

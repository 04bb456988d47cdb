"""Safetensors files as named tensors, read one at a time and widened to float32.

The `safetensors` package checks each file when it is opened here (header, offsets, sizes); the bytes are then
read directly, because numpy has no bfloat16 and the package therefore hands none out.
Format: https://github.com/huggingface/safetensors#format.
"""

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from models.errors import WeightsError

_STORED: Final[Mapping[str, str]] = {"BF16": "<u2", "F16": "<f2", "F32": "<f4", "F64": "<f8"}
"""What we read, by the format's name, and as what; bfloat16 is the upper half of a float32."""

_COUNTER: Final = "embeddings.position_ids"
"""The numbers 0, 1, 2 and so on, which older encoders keep among their weights: nobody reads them."""
_MOST_HEADER_BYTES: Final = 100_000_000
"""The format's own limit."""


@dataclass(frozen=True, slots=True)
class _Entry:
    path: Path
    dtype: str
    shape: tuple[int, ...]
    offset: int
    """From the start of the file."""


class SafetensorsWeights:
    """Named tensors of one or more files; each read opens a file, takes the bytes it needs and closes it."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Check the headers of all files.

        Raises:
            WeightsError: a file is missing, truncated or corrupt, two share a tensor, or one is not float.
        """
        self._entries: dict[str, _Entry] = {}
        for path in paths:
            for name, entry in _entries(path):
                if name in self._entries:
                    other = self._entries[name].path.name
                    raise WeightsError(
                        f"tensor {name!r} is in both {other} and {path.name}; fetch the model again"
                    )
                self._entries[name] = entry

    def __iter__(self) -> Iterator[str]:
        """Names, sorted."""
        return iter(sorted(self._entries))

    def __contains__(self, name: object) -> bool:
        """Whether any file has this tensor."""
        return name in self._entries

    def shape(self, name: str) -> tuple[int, ...]:
        """As stored."""
        return self._entries[name].shape

    def stored(self, name: str) -> str:
        """The type's name: BF16, F32."""
        return self._entries[name].dtype

    def file(self, name: str) -> str:
        """Name of the file that holds the tensor."""
        return self._entries[name].path.name

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        """The tensor as float32.

        Raises:
            KeyError: no such tensor.
            WeightsError: the file has become shorter since it was opened.
        """
        entry = self._entries[name]
        count = prod(entry.shape)
        try:
            with entry.path.open("rb") as file:
                file.seek(entry.offset)
                raw = np.fromfile(file, _STORED[entry.dtype], count)
        except OSError as exc:
            raise _unreadable(entry.path, exc) from exc
        if raw.size != count:
            raise WeightsError(f"{entry.path.name} is truncated: it ends within {name!r}; fetch it again")
        if entry.dtype == "BF16":
            bits = raw.astype(np.uint32)
            bits <<= np.uint32(16)  # in place: a large table is held once, not twice
            return bits.view(np.float32).reshape(entry.shape)
        # A float64 beyond float32 becomes inf, which the quantiser refuses by name.
        with np.errstate(over="ignore"):
            return raw.astype(np.float32).reshape(entry.shape)


def _entries(path: Path) -> Iterator[tuple[str, _Entry]]:
    header, data = _header(path)
    for name, raw in header.items():
        if name == "__metadata__" or name.endswith(_COUNTER):
            continue
        dtype, shape, start = raw["dtype"], tuple(raw["shape"]), raw["data_offsets"][0]
        if dtype not in _STORED:
            raise WeightsError(
                f"tensor {name!r} of {path.name} is of type {dtype}; use weights that are not quantised, "
                f"of type {', '.join(_STORED)}"
            )
        yield name, _Entry(path, dtype, shape, data + start)


def _header(path: Path) -> tuple[dict[str, Any], int]:
    """The header, checked by the package, and where the data begin."""
    try:
        with safe_open(path, framework="numpy"):
            pass
        with path.open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            header: dict[str, Any] = json.loads(file.read(size))
    except SafetensorError as exc:
        reason = _misfit(path) or str(exc).removeprefix("Error while deserializing header: ")
        raise WeightsError(f"{path.name} is truncated or corrupt ({reason}); fetch it again") from exc
    except OSError as exc:
        raise _unreadable(path, exc) from exc
    return header, 8 + size


def _misfit(path: Path) -> str:
    """What is wrong with which tensor of a refused file, as the package does not say; empty if the header is."""
    try:
        with path.open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(min(size, _MOST_HEADER_BYTES)))
        room = path.stat().st_size - 8 - size
        for name, raw in header.items():
            if name == "__metadata__" or name.endswith(_COUNTER):
                continue
            start, end = raw["data_offsets"]
            if end > room:
                return f"it ends within tensor {name[:60]!r}"
            if prod(raw["shape"]) * np.dtype(_STORED[raw["dtype"]]).itemsize != end - start:
                return f"tensor {name[:60]!r} has not the bytes its shape takes"
    except (struct.error, ValueError, TypeError, KeyError, AttributeError):
        return ""
    return ""


def _unreadable(path: Path, exc: OSError) -> WeightsError:
    return WeightsError(
        f"cannot read {path.name} ({exc.strerror or exc}); check that it is there and readable"
    )

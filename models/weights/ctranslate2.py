"""CTranslate2's `model.bin` as named variables, no count or length in it believed unchecked.

Format (CTranslate2, docs/conversion and python/ctranslate2/specs/model_spec.py): a version; the specification's name
and revision; a count of variables, each a name, a rank, dimensions, a type, a size in bytes, data; a count of aliases.
Numbers are little-endian; a text has a length in two bytes, which counts the zero at its end. Knows bytes and bounds;
not what a variable means (`models.weights.whisper_names`). No code is read from it, as a pickled `.bin` has it.
"""

import mmap
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.errors import WeightsError

NAME: Final = "model.bin"
"""Always called so."""
_VERSIONS: Final = range(5, 7)
"""Since 5 a variable's size is in bytes, and what is stored under two names is an alias."""
_MOST_VARIABLES: Final = 1 << 14
_MOST_NAME: Final = 512
_MOST_DIMENSIONS: Final = 4
_TYPES: Final[tuple[str, ...]] = ("<f4", "<i1", "<i2", "<i4", "<f2", "<u2")
"""By the number that the format gives them; the last is bfloat16, the upper half of a float32."""
_STORED: Final = ("F32", "I8", "I16", "I32", "F16", "BF16")
_SCALE: Final = "_scale"
"""Behind the name of a variable: what its rows were multiplied by before they became integers."""


@dataclass(frozen=True, slots=True)
class Variable:
    """Where one lies and how it is coded."""

    shape: tuple[int, ...]
    """Empty for a single number."""
    kind: int
    offset: int
    """From the start of the file."""
    size: int
    """Bytes."""


class Variables:
    """The variables of one file. A read maps the file, takes what it needs and lets go of it."""

    def __init__(self, path: Path) -> None:
        """Walk the file; no data is touched.

        Raises:
            WeightsError: it is no such file, truncated, or has a count, length, type or name that cannot be.
        """
        self._path = path
        try:
            size = path.stat().st_size
            with path.open("rb") as file:
                if not size:
                    raise WeightsError(f"{path.name} is empty; fetch it again")
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as buffer:
                    cursor = _Cursor(buffer, path.name)
                    self.specification, self._found = cursor.header()
        except OSError as exc:
            raise WeightsError(
                f"cannot read {path.name} ({exc.strerror or exc}); check the path and its permissions"
            ) from exc

    def __iter__(self) -> Iterator[str]:
        """Names, aliases too."""
        return iter(self._found)

    def __contains__(self, name: object) -> bool:
        return name in self._found

    def shape(self, name: str) -> tuple[int, ...]:
        """As stored."""
        return self._found[name].shape

    def stored(self, name: str) -> str:
        """The type's name: F32, F16, I8."""
        return _STORED[self._found[name].kind]

    def number(self, name: str) -> int | None:
        """A whole number by itself; None if there is none of that name.

        Raises:
            WeightsError: it is none.
        """
        if name not in self._found:
            return None
        if self._found[name].shape or _TYPES[self._found[name].kind][1] != "i":
            raise WeightsError(f"{self._path.name} is corrupt: {_quoted(name)} is no number; fetch it again")
        return int(self._raw(name)[()])

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        """A variable as float32; integers are divided by the scales of their rows.

        Raises:
            KeyError: there is none of that name.
            WeightsError: the file has become shorter, or integers have no scales that fit.
        """
        raw, kind = self._raw(name), self._found[name].kind
        if _STORED[kind] == "BF16":
            bits = raw.astype(np.uint32)
            bits <<= np.uint32(16)
            return bits.view(np.float32)
        values = raw.astype(np.float32)
        if _TYPES[kind][1] != "i":
            return values
        scale = f"{name}{_SCALE}"
        if scale not in self._found or self._found[scale].shape not in {(), raw.shape[:1]}:
            raise WeightsError(
                f"{self._path.name} has integers in {_quoted(name)} without scales that fit; fetch it again"
            )
        divisors = self[scale]
        if not (np.isfinite(divisors).all() and (divisors != 0).all()):
            raise WeightsError(f"{self._path.name} has impossible scales of {_quoted(name)}; fetch it again")
        values /= divisors.reshape(-1, *(1,) * (values.ndim - 1)) if divisors.ndim else divisors
        return values

    def _raw(self, name: str) -> NDArray[np.generic]:
        variable = self._found[name]
        try:
            with self._path.open("rb") as file:
                file.seek(variable.offset)
                found = np.fromfile(file, _TYPES[variable.kind], prod(variable.shape))
        except OSError as exc:
            raise WeightsError(
                f"cannot read {self._path.name} ({exc.strerror or exc}); fetch it again"
            ) from exc
        if found.size != prod(variable.shape):
            raise WeightsError(f"{self._path.name} is truncated within {_quoted(name)}; fetch it again")
        return found.reshape(variable.shape)


class _Cursor:
    """Reads forward and never past the end of the file."""

    def __init__(self, buffer: mmap.mmap, name: str) -> None:
        self._buffer, self._name, self._at = buffer, name, 0

    def header(self) -> tuple[str, Mapping[str, Variable]]:
        """The specification's name, and all variables; the file must end where they do."""
        version = self._integer(4, "the version")
        if version not in _VERSIONS:
            raise WeightsError(
                f"{self._name} is no model of CTranslate2 in version 5 or 6 of its format; convert the model anew"
            )
        specification = self._text("the specification")
        self._integer(4, "the revision")
        found: dict[str, Variable] = {}
        for _ in range(self._count("variables")):
            name = self._new_name(found)
            found[name] = self._variable(name)
        for _ in range(self._count("aliases")):
            name, meant = self._new_name(found), self._text("an alias")
            if meant not in found:
                raise self._corrupt(f"{_quoted(name)} stands for {_quoted(meant)}, which is not there")
            found[name] = found[meant]
        if self._at != len(self._buffer):
            raise self._corrupt(f"{len(self._buffer) - self._at} bytes are behind its end")
        return specification, found

    def _corrupt(self, what: str) -> WeightsError:
        return WeightsError(f"{self._name} is corrupt: {what}; fetch it again")

    def _take(self, size: int, what: str) -> int:
        """Step over `size` bytes and say where they began."""
        at = self._at
        if size > len(self._buffer) - at:
            raise WeightsError(f"{self._name} is truncated or corrupt: it ends within {what}; fetch it again")
        self._at = at + size
        return at

    def _integer(self, size: int, what: str) -> int:
        at = self._take(size, what)
        return int.from_bytes(self._buffer[at : at + size], "little")

    def _count(self, what: str) -> int:
        count = self._integer(4, f"the number of {what}")
        if count > _MOST_VARIABLES:
            raise self._corrupt(f"{count} {what} cannot be")
        return count

    def _text(self, what: str) -> str:
        size = self._integer(2, what)
        if not 1 < size <= _MOST_NAME:
            raise self._corrupt(f"{what} of {size} bytes cannot be")
        at = self._take(size, what)
        raw = self._buffer[at : at + size]
        if raw[-1] or not raw[:-1].isascii() or not raw[:-1].decode("ascii").isprintable():
            raise self._corrupt(f"{what} is no name")
        return raw[:-1].decode("ascii")

    def _new_name(self, found: Mapping[str, Variable]) -> str:
        name = self._text("a name")
        if name in found:
            raise self._corrupt(f"{_quoted(name)} is there twice")
        return name

    def _variable(self, name: str) -> Variable:
        what = _quoted(name)
        rank = self._integer(1, what)
        if rank > _MOST_DIMENSIONS:
            raise self._corrupt(f"{what} has {rank} dimensions")
        at = self._take(4 * rank, what)
        shape = struct.unpack_from(f"<{rank}I", self._buffer, at)
        kind, size = self._integer(1, what), self._integer(4, what)
        if kind >= len(_TYPES):
            raise self._corrupt(f"{what} has the unknown type {kind}")
        if not all(shape) or prod(shape) * np.dtype(_TYPES[kind]).itemsize != size:
            raise self._corrupt(f"{what} of shape {list(shape)} cannot have {size} bytes")
        return Variable(shape, kind, self._take(size, what), size)


def _quoted(name: str) -> str:
    return repr(name[:60])

"""Metadata keys of a GGUF file, checked as they are asked for. Opens no file; knows no architecture."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from models.errors import WeightsError

_LARGEST: Final = 1 << 31
_SMALLEST: Final = 1e-30


class Metadata:
    """Typed access to one architecture's metadata keys."""

    def __init__(self, raw: Mapping[str, Any], file: str) -> None:
        self._raw, self.file = raw, file
        self.architecture = self.text("general.architecture")

    def text(self, key: str) -> str:
        """A string that must be there."""
        value = self._raw.get(key)
        if not isinstance(value, str):
            raise WeightsError(f"{self.file} lacks the metadata {key!r}; use a complete GGUF file")
        return value

    def full(self, key: str) -> str:
        """The key under the architecture's prefix."""
        return f"{self.architecture}.{key}"

    def value(self, key: str) -> Any:
        """Whatever stands under the architecture's prefix; None where nothing does."""
        return self._raw.get(self.full(key))

    def integer(self, key: str, default: int | None = None) -> int:
        """A positive number under the architecture's prefix; a list counts when all its values are equal."""
        value = self.value(key)
        if isinstance(value, list) and value and all(item == value[0] for item in value):
            value = value[0]
        if value is None and default is not None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < _LARGEST:
            raise self.bad(key, value)
        return value

    def some(self, key: str, default: int | None = None) -> int:
        """A positive number under the architecture's prefix; a list has it or 0 for each layer."""
        found = self.value(key)
        if not isinstance(found, list):
            return self.integer(key, default)
        numbers = {item for item in found if item != 0}
        if len(numbers) != 1 or len(found) != self.integer("block_count"):
            raise self.bad(key, found)
        number = numbers.pop()
        if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < _LARGEST:
            raise self.bad(key, found)
        return number

    def number(self, key: str, default: float | None = None) -> float:
        """A positive real number, as its maker wrote it."""
        value = self.value(key)
        if value is None and default is not None:
            return default
        if (
            not isinstance(value, int | float)
            or isinstance(value, bool)
            or not _SMALLEST < value < 1 / _SMALLEST
        ):
            raise self.bad(key, value)
        return shortest(value)

    def option(self, key: str) -> str | None:
        """A string under the architecture's prefix, if there is one."""
        value = self.value(key)
        return value if isinstance(value, str) else None

    def bad(self, key: str, value: object) -> WeightsError:
        """The error for a key under the architecture's prefix that is missing or cannot be."""
        if value is None:
            return WeightsError(
                f"{self.file} lacks the metadata {self.full(key)!r}; use a complete GGUF file"
            )
        return WeightsError(
            f"{self.file} has the impossible value {str(value)[:40]} for {self.full(key)!r}; fetch it again"
        )


def shortest(value: float) -> float:
    """The shortest decimal that float32 stores as `value`: 1e-05 where GGUF has 9.999999747378752e-06."""
    return float(str(np.float32(value)))

"""A JSON object of a manifest, read key by key; whatever is not asked for is refused. No I/O."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from firmware_bridge.flash.errors import ManifestError

WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+/-]{0,63}")
_LONGEST: Final = 64


def parse(raw: bytes) -> object:
    """The value that `raw` spells, in which no key is given twice.

    Raises:
        ManifestError: it is not JSON.
    """
    try:
        return json.loads(raw.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as exc:
        raise ManifestError(f"the manifest is not JSON: {exc}; make the bundle again") from exc


class Object:
    """A JSON object whose keys are taken one by one, until none is left."""

    def __init__(self, where: str, said: object) -> None:
        if not isinstance(said, dict):
            raise ManifestError(f"{where} is no object; make the bundle again")
        self._where, self._left = where, dict(said)

    def take(self, key: str) -> Any:
        """Whatever stands there; it has to."""
        if key not in self._left:
            raise ManifestError(f"{self._where} has no {key!r}; make the bundle again")
        return self._left.pop(key)

    def integer(self, key: str, low: int, high: int) -> int:
        """A whole number between two, bounds included."""
        value = self.take(key)
        if type(value) is not int or not low <= value <= high:
            self._refuse(key, value, f"a number from {low} to {high}")
        return int(value)

    def flag(self, key: str) -> bool:
        """Whether something is so."""
        value = self.take(key)
        if not isinstance(value, bool):
            self._refuse(key, value, "true or false")
        return bool(value)

    def text(self, key: str) -> str:
        """A short text of one line."""
        value = self.take(key)
        if not isinstance(value, str) or not value.isprintable() or not 0 < len(value.strip()) <= _LONGEST:
            self._refuse(key, value, "a short text")
        return str(value)

    def word(self, key: str, form: re.Pattern[str] = WORD) -> str:
        """A text that may stand in a command line: it is of this form."""
        value = self.take(key)
        if not isinstance(value, str) or not form.fullmatch(value) or len(value) > _LONGEST:
            self._refuse(key, value, "letters, digits, and `.`, `_`, `-` between them")
        return str(value)

    def list(self, key: str, most: int) -> list[Any]:
        """One item or more, to so many."""
        value = self.take(key)
        if not isinstance(value, list) or not 0 < len(value) <= most:
            raise ManifestError(f"{self._where} needs 1 to {most} {key}; make the bundle again")
        return value

    def done(self) -> None:
        """All that stands here was asked for."""
        if self._left:
            raise ManifestError(
                f"{self._where} has {next(iter(self._left))!r}, which is not known here; update this program, "
                "or make the bundle again"
            )

    def _refuse(self, key: str, value: object, wanted: str) -> None:
        raise ManifestError(f"{key!r} in {self._where} is {str(value)[:40]!r}; it has to be {wanted}")


def _once(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is given twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")

"""Typed looks into a parsed TOML file; what is wrong is named by its key."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from runtime.errors import CallerError

_Kind = TypeVar("_Kind")
_WORDS: Final[Mapping[type, str]] = {str: "a text", bool: "true or false", list: "a list", dict: "a table"}


class Table:
    """One table, and where it stands. A key that nobody asked for is an error once `done` is called."""

    def __init__(self, raw: Mapping[str, Any], where: str) -> None:
        self._raw, self.where = raw, where
        self._asked: set[str] = set()

    def get(self, key: str, kind: type[_Kind], default: _Kind) -> _Kind:
        """The value of `key`, or the default.

        Raises:
            CallerError: it is of another type.
        """
        self._asked.add(key)
        return self._checked(key, kind, self._raw.get(key, default))

    def needed(self, key: str, kind: type[_Kind]) -> _Kind:
        """The value of `key`.

        Raises:
            CallerError: there is none, or it is of another type.
        """
        if key not in self._raw:
            raise CallerError(f"{self.where} lacks {key}; add it")
        self._asked.add(key)
        return self._checked(key, kind, self._raw[key])

    def _checked(self, key: str, kind: type[_Kind], value: object) -> _Kind:
        if not isinstance(value, kind):
            raise CallerError(f"{self.where}: {key} has to be {_WORDS[kind]}; correct it")
        return value

    def number(self, key: str, default: float) -> float:
        """The number at `key`, or the default.

        Raises:
            CallerError: it is no number.
        """
        self._asked.add(key)
        value = self._raw.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise CallerError(f"{self.where}: {key} has to be a number; correct it")
        return float(value)

    def any(self, key: str) -> Any:
        """Whatever is at `key`; None if there is nothing."""
        self._asked.add(key)
        return self._raw.get(key)

    def optional(self, key: str) -> str | None:
        """The text at `key`; None if there is none."""
        return self.get(key, str, "") or None

    def texts(self, key: str) -> tuple[str, ...]:
        """The list of texts at `key`; empty if there is none.

        Raises:
            CallerError: it holds something else.
        """
        found = self.get(key, list, [])
        if not all(isinstance(text, str) for text in found):
            raise CallerError(f"{self.where}: {key} has to be a list of texts; correct it")
        return tuple(found)

    def tables(self, key: str) -> Sequence[tuple[str, "Table"]]:
        """The tables within the table at `key`, with their names."""
        within = self.get(key, dict, {})
        return [
            (name, Table(_table(raw, name), f"{self.where}: {key}.{name}")) for name, raw in within.items()
        ]

    def done(self) -> None:
        """See that every key was asked for.

        Raises:
            CallerError: which names the first that was not.
        """
        if unknown := sorted(self._raw.keys() - self._asked):
            raise CallerError(f"{self.where} has an unknown key {unknown[0]!r}; take it out")


def _table(raw: object, name: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise CallerError(f"{name} has to be a table; correct it")
    return raw

"""A table of a TOML file, read key by key. Whatever is not asked for is refused, with the nearest key there is."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Final

from firmware_bridge.errors import BoardsFileError

_MOST: Final = 10**12
"""No number is greater."""
_LIKE: Final = 0.7
"""So alike are a key and its misspelling; less, and `pin` would be taken for `min`."""


class Table:
    """One table and its place in the file. Ask for all its keys, then `end` it."""

    def __init__(self, raw: object, where: str, above: "Table | None" = None) -> None:
        """`where`: how errors name it; `above`: the table that it is in, some of whose keys it may have got.

        Raises:
            BoardsFileError: it is no table.
        """
        if not isinstance(raw, Mapping):
            raise BoardsFileError(f"{where} is no table; write [[board]] and [[board.capability]]")
        self.where = where
        self._raw = raw
        self._above = above
        self._asked: dict[str, None] = {}

    @property
    def known(self) -> tuple[str, ...]:
        """Keys that were asked for until now."""
        return tuple(self._asked)

    def __contains__(self, key: str) -> bool:
        self._asked[key] = None
        return key in self._raw

    def text(self, key: str, default: str | None = None) -> str:
        """A text of one line; it has to be there if there is no default."""
        item = self._item(key, default)
        if not isinstance(item, str) or not item.strip() or not item.isprintable():
            raise self.wrong(key, f"is {item!r}; write a text of one line, in quotes")
        return item

    def bytes_of(self, key: str, default: str, most: int) -> bytes:
        """A few characters, which may be those that end lines."""
        item = self._item(key, default)
        if not isinstance(item, str) or not 0 < len(item) <= most or not item.isascii():
            raise self.wrong(key, f'is {item!r}; write 1 to {most} characters, such as "\\r\\n"')
        return item.encode()

    def texts(self, key: str) -> tuple[str, ...]:
        """Texts, or none."""
        item = self._item(key, [])
        if not isinstance(item, list) or not all(isinstance(each, str) for each in item):
            raise self.wrong(key, f'is {item!r}; write texts in brackets, such as ["low", "high"]')
        return tuple(item)

    def number(self, key: str, default: float | None = None) -> int | float:
        """A number; it has to be there if there is no default."""
        item = self._item(key, default)
        if isinstance(item, bool) or not isinstance(item, int | float) or not -_MOST <= item <= _MOST:
            raise self.wrong(key, "is no number that could be used; write one without quotes")
        return item

    def within(self, key: str, low: float, high: float, default: float | None = None) -> int | float:
        """A number between two, bounds included."""
        item = self.number(key, default)
        if not low <= item <= high:
            raise self.wrong(key, f"is {item:g}; it goes from {low:g} to {high:g}")
        return item

    def integer(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number between two, bounds included."""
        item = self.within(key, low, high, default)
        if not isinstance(item, int):
            raise self.wrong(key, f"is {item!r}; write a whole number")
        return item

    def flag(self, key: str, *, default: bool) -> bool:
        """Whether something is so."""
        item = self._item(key, default)
        if not isinstance(item, bool):
            raise self.wrong(key, f"is {item!r}; write true or false, without quotes")
        return item

    def raw(self, key: str) -> object:
        """Whatever is there; None if nothing is."""
        self._asked[key] = None
        return self._raw.get(key)

    def tables(self, key: str) -> list[object]:
        """Tables, at least one."""
        item = self._item(key, None)
        if not isinstance(item, list) or not item:
            raise self.wrong(key, f"is no list of tables; write [[{key}]] before each")
        return item

    def end(self) -> None:
        """All that can be here was asked for.

        Raises:
            BoardsFileError: there is more.
        """
        for key in self._raw:
            if key not in self._asked:
                raise self.wrong(key, f"is not known here; {self._meant(key)}")

    def _meant(self, key: str) -> str:
        """What may have been meant by a key that is not known."""
        if near := get_close_matches(key, self._asked, n=1):
            return f"did you mean {near[0]}?"
        if self._above and (near := get_close_matches(key, self._above.known, n=1)):
            return f"did you mean {near[0]}? It stands above, in the table that this one is in"
        return f"known are {', '.join(self._asked)}"

    def _instead(self, key: str) -> str:
        """What may have been meant to be a key that is missing."""
        others = [each for each in self._raw if each not in self._asked]
        near = get_close_matches(key, others, n=1, cutoff=_LIKE)
        return f"did you mean it by {near[0]}?" if near else "write it down"

    def wrong(self, key: str, why: str) -> BoardsFileError:
        """What is wrong with a key."""
        return BoardsFileError(f"{self.where}: {key} {why}")

    def _item(self, key: str, default: object) -> object:
        self._asked[key] = None
        if key not in self._raw and default is None:
            raise self.wrong(key, f"is missing; {self._instead(key)}")
        return self._raw.get(key, default)

"""Who is to hear what comes of an order: everybody who asked, each once. Knows keys and places; not what is told."""

from collections.abc import Iterable

from runtime.commands.order import ReplyTo
from runtime.errors import BusyError


class Places:
    """By the key of a record."""

    def __init__(self, most: int) -> None:
        """`most`: places that one result is told at."""
        self._most = most
        self._places: dict[int, list[ReplyTo]] = {}

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: int) -> bool:
        return key in self._places

    def open(self, key: int, places: Iterable[ReplyTo | None]) -> None:
        """Its result will be told here, besides where it is to be told already."""
        here = (*self._places.get(key, ()), *places)
        self._places[key] = [each for each in dict.fromkeys(here) if each is not None]

    def add(self, key: int, reply: ReplyTo | None) -> None:
        """And here, too.

        Raises:
            BusyError: there are too many already.
        """
        places = self._places[key]
        if reply is None or reply in places:
            return
        if len(places) >= self._most:
            raise BusyError(f"{len(places)} wait for this command already; ask again in a few seconds")
        places.append(reply)

    def of(self, key: int) -> tuple[ReplyTo, ...]:
        """All of them until now."""
        return tuple(self._places.get(key, ()))

    def close(self, key: int) -> tuple[ReplyTo, ...]:
        """All of them; nobody is added any more."""
        return tuple(self._places.pop(key, ()))

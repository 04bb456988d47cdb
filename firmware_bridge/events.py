"""What a board tells those who listen, and how they listen: each at a pace of their own, and told what they missed."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Final, Self

from firmware_bridge.description import Value
from firmware_bridge.messages import About

_KEPT: Final = 256
"""So many events are kept for a listener that is slow; then the oldest are dropped, and it is told how many."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The board can be told what to do. `complaints` are sentences about what it describes and cannot be."""

    about: About
    complaints: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Disconnected:
    """It cannot, and why; another link is being tried for."""

    reason: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A value is another one than it was, or is known for the first time."""

    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that has no lasting value: a button was pressed. `value` says which way, where there are several."""

    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class Logged:
    """The board says something to whoever looks after it: level 0 debug, 1 info, 2 warning, 3 error."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Missed:
    """The listener was too slow for that many events."""

    count: int


Event = Connected | Disconnected | Changed | Happened | Logged | Missed


class Listening:
    """Events from when it was made on, as an async iterator; it ends when the board is let go."""

    def __init__(self) -> None:
        self._kept: deque[Event] = deque()
        self._missed = 0
        self._ended = False
        self._news = asyncio.Event()

    def put(self, event: Event) -> None:
        """Tell the listener, in its own time."""
        if len(self._kept) >= _KEPT:
            self._kept.popleft()
            self._missed += 1
        self._kept.append(event)
        self._news.set()

    def end(self) -> None:
        """Nothing comes any more."""
        self._ended = True
        self._news.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while not self._kept and not self._ended:
            self._news.clear()
            await self._news.wait()
        if self._missed:
            missed, self._missed = self._missed, 0
            return Missed(missed)
        if not self._kept:
            raise StopAsyncIteration
        return self._kept.popleft()

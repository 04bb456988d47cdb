"""One thread that computes, and the bounded line before it: where the event loop hands over what blocks.

Knows neither models nor sound. What waits and is given up is never begun; what has begun ends by itself.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from runtime.errors import BusyError

T = TypeVar("T")


class Lane:
    """A thread of its own."""

    def __init__(self, name: str, waiting: int) -> None:
        """`name` is what people call it; so many may wait behind whoever is served."""
        self._name = name
        self._places = waiting + 1
        self._taken = 0
        self._thread = ThreadPoolExecutor(1, f"voice.{name}")

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place in the line, for as long as it is entered.

        Raises:
            BusyError: all are taken.
        """
        if self._taken >= self._places:
            raise BusyError(
                f"{self._taken} are {self._name} already; ask again in a few seconds, or raise limits.speech_waiting"
            )
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    async def run(self, work: Callable[[], T]) -> T:
        """What `work` makes, on the thread; raises what it raises."""
        return await asyncio.wrap_future(self._thread.submit(work))

    async def close(self) -> None:
        """Begin nothing more, and wait for what has begun."""
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)

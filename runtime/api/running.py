"""The requests that are being answered, and the end of those that outlast a drain.

Two things cancel a request: its caller hangs up, or the time for draining is over. Only the second has somebody left
to be told.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

from runtime.errors import BusyError

_LAST_WORDS_S: Final = 2.0
"""For a request that was ended to say so."""

_Task = asyncio.Task[Any]


class Running:
    """The tasks of the requests in hand. All methods are called on the event loop."""

    def __init__(self) -> None:
        self._tasks: set[_Task] = set()
        self._late: set[_Task] = set()
        self._until: float | None = None

    def __len__(self) -> int:
        """How many there are."""
        return len(self._tasks)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Let a drain find the request of this task."""
        task = _current()
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)
            self._late.discard(task)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Within: the end of a drain is an error that can be told to the caller.

        Raises:
            BusyError: the request outlasted the drain.
        """
        try:
            yield
        except asyncio.CancelledError as exc:
            task = _current()
            if task not in self._late:
                raise
            self._late.discard(task)
            if task.uncancel():  # the caller hung up as well
                raise
            raise BusyError("the appliance is shutting down; ask again in a minute") from exc

    async def drain(self, seconds: float) -> None:
        """Let what runs now finish, and end what does not. The time runs from the first call."""
        now = asyncio.get_running_loop().time()
        if self._until is None:
            self._until = now + seconds
        if not self._tasks:
            return
        _, late = await asyncio.wait(self._tasks.copy(), timeout=max(0.0, self._until - now))
        self._late |= late
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=_LAST_WORDS_S)


def _current() -> _Task:
    return cast("_Task", asyncio.current_task())  # a coroutine always runs in one

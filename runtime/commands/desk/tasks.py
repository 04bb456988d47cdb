"""What runs beside `Desk.run`: begun in its group of tasks, faults kept to their own orders, waited for at the end.

Knows no order but by its record; what a fault comes to is the desk's to say.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from runtime.commands.journal.record import Record
from runtime.commands.journal.writer import JournalError

_log = logging.getLogger(__name__)


class Tasks:
    """Work of one desk."""

    def __init__(self, give_up: Callable[[Record], Awaitable[None]]) -> None:
        """`give_up` answers an order whose work went wrong."""
        self._give_up = give_up
        self._group: asyncio.TaskGroup | None = None
        self._running: set[asyncio.Task[Any]] = set()

    def begin(self, group: asyncio.TaskGroup) -> None:
        """From now on work can be started."""
        self._group = group

    def start(self, work: Coroutine[Any, Any, None], record: Record | None = None) -> None:
        """Begin `work`; what goes wrong in it is the result of `record`."""
        assert self._group is not None  # noqa: S101  for the type checker: `Desk.run` has begun
        self._kept(self._group.create_task(self.alone(work, record), name="desk.order"))

    async def see_through(self, work: Coroutine[Any, Any, None]) -> None:
        """Return, or raise, as `work` does, which goes on if whoever waits for it leaves."""
        await asyncio.shield(self._kept(asyncio.create_task(work, name="desk.promise")))

    async def alone(self, work: Awaitable[None], record: Record | None) -> None:
        """One order's fault must not take the others along, now or at the next start.

        Raises:
            JournalError: the journal is damaged, and with it all that could be promised.
        """
        try:
            await work
        except JournalError:
            raise
        except Exception:  # noqa: BLE001  the order has that as its result
            _log.exception("an order could not be seen to")
            if record is not None:
                await self.alone(self._give_up(record), None)

    async def drain(self, within_s: float) -> None:
        """Wait for all of it, but not longer."""
        try:
            async with asyncio.timeout(within_s):
                while self._running:
                    await asyncio.wait(tuple(self._running))
        except TimeoutError:
            for task in self._running:
                task.cancel()

    def _kept(self, task: "asyncio.Task[None]") -> "asyncio.Task[None]":
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

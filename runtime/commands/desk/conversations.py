"""Whose turn it is: one conversation's orders are seen to one after the other, and different ones side by side.

Knows records by their sender and session; not what is done about them.
"""

from collections import deque
from collections.abc import Awaitable, Callable

from runtime.commands.desk.tasks import Tasks
from runtime.commands.journal.record import Record


class Conversations:
    """A line for each sender and session."""

    def __init__(self, tasks: Tasks, see_to: Callable[[Record], Awaitable[None]]) -> None:
        self._tasks = tasks
        self._see_to = see_to
        self._lines: dict[tuple[str, str], deque[Record]] = {}
        self._ended = False

    def join(self, record: Record) -> None:
        """Behind what the same sender said before in this session."""
        who = (record.order.sender, record.order.session)
        if who in self._lines:
            self._lines[who].append(record)
        else:
            self._lines[who] = deque([record])
            self._tasks.start(self._converse(who))

    def take(self, wanted: Callable[[Record], bool]) -> list[Record]:
        """Take those away that wait and are wanted."""
        taken = [each for line in self._lines.values() for each in line if wanted(each)]
        for each in taken:
            self._lines[each.order.sender, each.order.session].remove(each)
        return taken

    def end(self) -> None:
        """Begin with none more: what waits is in the journal."""
        self._ended = True

    async def _converse(self, who: tuple[str, str]) -> None:
        line = self._lines[who]
        while line and not self._ended:
            record = line.popleft()
            await self._tasks.alone(self._see_to(record), record)
        del self._lines[who]

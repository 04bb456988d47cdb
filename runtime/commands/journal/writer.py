"""One thread that owns the database, and commits for many at once.

An fsync takes a millisecond on a good disk and thirty on a card. Whoever comes while one is under way shares the next,
so the number of changes a second does not hang on the disk. Knows connections and jobs; not what is written.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from runtime.errors import BusyError, IngleError

_T = TypeVar("_T")
Job = Callable[[sqlite3.Connection], _T]
"""Reads and writes in a transaction that is shared with other jobs; if it raises, what it wrote is undone. After a
commit that failed it is run again."""

MOST: Final = 256
"""Jobs in one transaction."""
_FULL: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN})
"""Nothing was written, and the next may be."""
_HELD_UP: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM})
"""Nothing was written: another program is at the file, or there is no memory."""
_LOST: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_IOERR})
"""After these nobody knows what is on the disk: the next fsync may succeed over a write that failed."""


class JournalError(IngleError):
    """The journal's file or disk failed: nothing can be promised any more until the appliance was started again."""


@dataclass(frozen=True, slots=True)
class _Asked:
    job: Job[Any]
    answer: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Outcome:
    answer: asyncio.Future[Any]
    value: Any = None
    error: BaseException | None = None

    def tell(self) -> None:
        if self.answer.done():  # nobody waits any more; what was written stays written
            return
        if self.error is None:
            self.answer.set_result(self.value)
        else:
            self.answer.set_exception(self.error)


class Writer:
    """Runs jobs in the order they come. Made and used on one event loop."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._asked: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
        self._lost: JournalError | None = None
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._thread.start()

    def submit(self, job: Job[_T]) -> asyncio.Future[_T]:
        """What the job returns, once the transaction it was part of is on disk.

        Raises (when it is awaited):
            BusyError: the disk is full, or another program holds the file; nothing was written.
            JournalError: the file is damaged, or the disk fails; from then on, always.
        """
        answer: asyncio.Future[_T] = self._loop.create_future()
        self._asked.put(_Asked(job, answer))
        return answer

    async def close(self) -> None:
        """Finish what was submitted, and close the file."""
        self._asked.put(None)
        await asyncio.to_thread(self._thread.join)

    def _work(self) -> None:
        leaving = False
        while not leaving:
            batch = [self._asked.get()]
            while len(batch) < MOST and not self._asked.empty():
                batch.append(self._asked.get())
            leaving = None in batch
            outcomes = self._commit([each for each in batch if each is not None])
            self._loop.call_soon_threadsafe(_tell, outcomes)
        self._connection.close()

    def _commit(self, batch: Sequence[_Asked]) -> list[_Outcome]:
        if self._lost is not None:
            return [_Outcome(each.answer, error=self._lost) for each in batch]
        try:
            return self._together(batch)
        except sqlite3.Error as exc:
            error = self._undone(exc)
        if isinstance(error, JournalError):
            self._lost = error
            return self._commit(batch)
        if len(batch) == 1:
            return [_Outcome(batch[0].answer, error=error)]
        # One by one: what only reads needs no room on the disk.
        return [outcome for each in batch for outcome in self._commit([each])]

    def _undone(self, error: sqlite3.Error) -> Exception:
        """What callers are told, once nothing of it is left."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error as exc:
            return _lost(exc)
        return _translated(error)

    def _together(self, batch: Sequence[_Asked]) -> list[_Outcome]:
        run = self._connection.execute
        outcomes = []
        run("BEGIN")
        for each in batch:
            run("SAVEPOINT job")
            try:
                outcomes.append(_Outcome(each.answer, each.job(self._connection)))
            except sqlite3.Error:
                raise
            except Exception as exc:  # noqa: BLE001  it is the answer to whoever submitted the job
                run("ROLLBACK TO job")
                outcomes.append(_Outcome(each.answer, error=exc))
            run("RELEASE job")
        run("COMMIT")
        return outcomes


def _tell(outcomes: Sequence[_Outcome]) -> None:
    for outcome in outcomes:
        outcome.tell()


def _translated(error: sqlite3.Error) -> Exception:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _FULL:
        return BusyError(
            f"the journal of commands cannot be written ({error}); free some room on its disk, and ask again"
        )
    if code in _HELD_UP:
        return BusyError(
            f"the journal of commands cannot be written now ({error}); "
            "end what else has it open, and ask again in a few seconds"
        )
    return _lost(error) if code in _LOST else error


def _lost(error: sqlite3.Error) -> JournalError:
    return JournalError(
        f"the journal of commands or its disk fails ({error}); start the appliance again, and look at the disk"
    )

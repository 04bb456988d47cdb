"""The last lines of this process's log, kept in memory for whoever looks after the appliance from afar.

The journal has all of them. These are bounded in number and in length, and have what may be read over a shoulder: of
an exception its kind and where it was raised, not its words, which may quote a caller; and nothing of the audit log.
"""

import logging
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import PurePath
from types import TracebackType
from typing import Final

from runtime.api.admin.border import Line

_LONGEST: Final = 2000
"""Letters of a line."""
_NOT: Final = "runtime.audit"
"""Has what callers asked, where the owner wants that written into the journal."""
_LEVELS: Final = ((logging.ERROR, "error"), (logging.WARNING, "warning"), (logging.INFO, "info"))


class Logbook(logging.Handler):
    """Implements `Log`: a handler that keeps the newest lines. Any thread may log or read."""

    def __init__(self, most: int) -> None:
        """Keep `most` lines."""
        super().__init__()
        self._lines: deque[Line] = deque(maxlen=most)
        self._numbers = count(1)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line; `logging` lets in one thread at a time."""
        if record.name == _NOT:
            return
        try:
            said = record.getMessage()
        except Exception:  # noqa: BLE001  what is wrong with a record must not end who logs; logging itself tells of it
            self.handleError(record)
            return
        self._lines.append(
            Line(
                next(self._numbers),
                record.created,
                _level(record.levelno),
                record.name,
                _bounded(said + _raised(record)),
            )
        )

    def since(self, number: int) -> Sequence[Line]:
        """See `runtime.api.admin.border.Log.since`."""
        with self._held():
            return [line for line in self._lines if line.number > number]

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within: what is logged anywhere in this process is kept."""
        root = logging.getLogger()
        root.addHandler(self)
        try:
            yield
        finally:
            root.removeHandler(self)

    @contextmanager
    def _held(self) -> Iterator[None]:
        self.acquire()
        try:
            yield
        finally:
            self.release()


def _level(number: int) -> str:
    return next((name for least, name in _LEVELS if number >= least), "debug")


def _raised(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    kind, _, where = record.exc_info
    return f" ({kind.__name__}{_place(where)}; the appliance's own log has more)"


def _place(raised: TracebackType | None) -> str:
    """Where it was raised; no source is read for that."""
    place = ""
    for frame, line in traceback.walk_tb(raised):
        place = f" at {PurePath(frame.f_code.co_filename).name}:{line}"
    return place


def _bounded(text: str) -> str:
    more = len(text) - _LONGEST
    return text if more <= 0 else f"{text[:_LONGEST]}… and {more} letters more"

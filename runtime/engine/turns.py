"""One step at a time, whichever model it is of: the cores are the same. First come, first served; steps are short.

Between workers of several engines only; within one, `scheduler.py` says whose turn it is.
"""

import threading
from collections import deque
from types import TracebackType
from typing import Self


class Turns:
    """A lock that nobody overtakes anybody at: a worker that always wants it next cannot keep the others out."""

    def __init__(self) -> None:
        self._moved = threading.Condition()
        self._line: deque[object] = deque()

    def __enter__(self) -> Self:
        """Wait for the turn."""
        me = object()
        with self._moved:
            self._line.append(me)
            while self._line[0] is not me:
                self._moved.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave it to the next."""
        with self._moved:
            self._line.popleft()
            self._moved.notify_all()

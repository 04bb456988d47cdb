"""What is said of a line that has to have a board, while none answers there. The clock is given; no I/O."""

from typing import Final

SILENT_S: Final = 10.0
"""So long a board may take to start, or to be plugged in again, before anything is said."""
_REASONS_MOST: Final = 8
"""So many different reasons are told until a board was there again."""


class Absence:
    """Tells each reason once, after it has lasted; and once more after a board was there."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._said: set[str] = set()

    def look(self, now: float, trouble: str) -> str:
        """What is to be said now, `trouble` being why no board answers, or empty if one does."""
        if not trouble:
            self._since = None
            self._said.clear()
            return ""
        if self._since is None:
            self._since = now
        if now < self._since + SILENT_S or trouble in self._said or len(self._said) >= _REASONS_MOST:
            return ""
        self._said.add(trouble)
        return trouble

"""When the appliance was last there for a broker, kept over a restart in good order.

What was killed kept nothing; then an earlier moment counts, or the newest command. Knows one number and its file.
"""

import contextlib
import math
from pathlib import Path
from typing import Final

from models.durable import write_file

_NAME: Final = "last-there"


class LastThere:
    """A moment in seconds since the epoch, in a state directory."""

    def __init__(self, state: Path) -> None:
        self._file = state / _NAME

    def read(self) -> float | None:
        """The moment; None if nobody kept one."""
        try:
            moment = float(self._file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
        return moment if math.isfinite(moment) else None

    def keep(self, moment: float | None) -> None:
        """For the next start; a directory that takes nothing any more is no reason not to stop."""
        if moment is not None:
            with contextlib.suppress(OSError):
                write_file(self._file, str(moment), scratch=self._file.parent)

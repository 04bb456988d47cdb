"""Messages that are let go because more come than can be refused: counted, and a line in the log for all of them."""

import asyncio
import logging
from typing import Final

_COUNTED_S: Final = 10.0
"""How long they are counted before the log has a line of them."""


class Flood:
    """Those of one connection. Only such as their sender did not want acknowledged are let go."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._dropped = 0
        self._counting: asyncio.TimerHandle | None = None

    def drop(self) -> None:
        """One more."""
        self._dropped += 1
        if self._counting is None:
            self._counting = asyncio.get_running_loop().call_later(_COUNTED_S, self._tell)

    def close(self) -> None:
        """Count no longer."""
        if self._counting is not None:
            self._counting.cancel()
            self._tell()

    def _tell(self) -> None:
        text = "dropped %d messages with QoS 0: more came than can be refused; send with QoS 1"
        self._log.warning(text, self._dropped)
        self._dropped, self._counting = 0, None

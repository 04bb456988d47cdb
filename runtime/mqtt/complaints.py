"""What is wrong with what devices say, told once a topic and not without end."""

import logging
from typing import Final

_MOST: Final = 1000
"""Topics that are complained about before it is enough."""


class Complaints:
    """Lines in the log, as warnings."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._about: set[str] = set()

    def about(self, topic: str, fault: str) -> None:
        """Say what is wrong there, unless that was said."""
        if topic not in self._about and len(self._about) < _MOST:
            self._about.add(topic)
            self._log.warning("left out what came on %s: %s", topic, fault)

    def settled(self, topic: str) -> None:
        """It is right now: if it is wrong again, that is worth a line again."""
        self._about.discard(topic)

"""What was written down a moment ago, and how else it could be read: Home Assistant hands back the likeliest text.

A text that was not heard here has no other readings. In memory, a few, for a short while.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

_MOST: Final = 16
_KEPT_S: Final = 30.0


class Lately:
    """One for a server: Home Assistant asks on another connection than it spoke on."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._heard: OrderedDict[str, tuple[float, tuple[str, ...]]] = OrderedDict()

    def keep(self, readings: Sequence[str]) -> None:
        """Remember the readings of one recording, the likeliest first."""
        if len(readings) > 1:
            self._heard[readings[0]] = (self._clock(), tuple(readings))
            self._heard.move_to_end(readings[0])
            if len(self._heard) > _MOST:
                self._heard.popitem(last=False)

    def readings(self, text: str) -> tuple[str, ...]:
        """All readings of what was written down as `text`, once; or that alone."""
        when, readings = self._heard.pop(text, (0.0, (text,)))
        return readings if self._clock() - when <= _KEPT_S else (text,)

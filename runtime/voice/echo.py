"""How loud the room hears the loudspeaker, learned while it plays: what is not louder than that may be itself.

No echo canceller: it takes nothing out, it only says what is surely somebody else. How much quieter or louder the
microphone hears what is played depends on the owner's knob and the room, so it is measured, as a quantile. What was
louder is learned from only if it turned out to have been the loudspeaker after all: somebody turned the knob.
"""

from collections import deque
from typing import Final

import numpy as np

_KNOWN: Final = 31
"""Frames of playback, a second, before anything is known."""
_KEPT: Final = 312
"""Ten seconds."""
_QUANTILE: Final = 0.9
_MARGIN_DB: Final = 6.0
_LATE_FRAMES: Final = 16
"""Half a second: what was handed to the sound card is heard by then."""
_DOUBTFUL: Final = 31
_AUDIBLE_DBFS: Final = -60.0


class EchoGate:
    """Frames of the microphone against what is played meanwhile."""

    def __init__(self) -> None:
        self._played: deque[float] = deque(maxlen=_LATE_FRAMES)
        self._gains: deque[float] = deque(maxlen=_KEPT)
        self._doubtful: deque[float] = deque(maxlen=_DOUBTFUL)
        self._now = _AUDIBLE_DBFS

    def play(self, level: float) -> None:
        """Something of that level, in dBFS, is handed to the loudspeaker."""
        self._now = max(self._now, level)

    def hear(self, level: float) -> bool:
        """Take a frame of the microphone; whether it is louder than the loudspeaker can be."""
        self._played.append(self._now)
        self._now = _AUDIBLE_DBFS
        loudest = max(self._played)
        if loudest <= _AUDIBLE_DBFS:
            return True
        gain = level - loudest
        known = len(self._gains) >= _KNOWN
        louder = known and gain > float(np.quantile(self._gains, _QUANTILE)) + _MARGIN_DB
        (self._doubtful if louder else self._gains).append(gain)
        return louder

    def settle(self, *, itself: bool) -> None:
        """Say who that was that was louder than the loudspeaker."""
        if itself:
            self._gains.extend(self._doubtful)
        self._doubtful.clear()

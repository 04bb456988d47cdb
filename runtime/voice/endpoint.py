"""Where speech begins and ends, by how likely it is in each frame. Knows no sound and no clock: a frame is 32 ms."""

from collections import deque
from typing import Final

from runtime.voice.hearing import FRAME_S

_BEGIN_OF: Final = 6
_BEGIN: Final = 3
"""So many frames of the last six: a click is fewer."""
_HYSTERESIS: Final = 0.15
"""Speech goes on while it is a little less likely than it had to be at first."""


class Endpoint:
    """Follows one thing that somebody says."""

    def __init__(self, threshold: float) -> None:
        """`threshold`: from when on a frame is speech."""
        self._threshold = threshold
        self._recent: deque[bool] = deque(maxlen=_BEGIN_OF)
        self._voiced = 0
        self._silent = 0
        self._begun = False

    @property
    def begun(self) -> bool:
        """Whether somebody has begun to speak."""
        return self._begun

    @property
    def voiced_s(self) -> float:
        """How long they spoke, pauses left out."""
        return self._voiced * FRAME_S

    @property
    def silent_s(self) -> float:
        """How long they have been silent since; 0 before they begin."""
        return self._silent * FRAME_S

    def feed(self, speech: float) -> bool:
        """Take a frame; whether it is speech."""
        going = self._begun and self._silent == 0
        voiced = speech >= self._threshold - (_HYSTERESIS if going else 0)
        self._recent.append(voiced)
        self._voiced += voiced
        if not self._begun:
            self._begun = sum(self._recent) >= _BEGIN
            self._voiced = sum(self._recent)
        self._silent = 0 if voiced or not self._begun else self._silent + 1
        return voiced

    def reset(self) -> None:
        """Nobody has spoken yet."""
        self._recent.clear()
        self._voiced = self._silent = 0
        self._begun = False

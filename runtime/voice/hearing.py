"""What there is to know of a frame of sound before anybody understands it: how loud, whether speech, whether a name.

Computes, so it runs on a worker thread; remembers no sound.
"""

from dataclasses import dataclass, field
from typing import Final

from runtime.voice.border import FRAME, RATE, Samples, VoiceActivity, WakeWord, Woken
from runtime.voice.pcm import dbfs

FRAME_S: Final = FRAME / RATE
_NEAR_FRAMES: Final = 31
"""A second: a wake word without speech in that time is none."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame of what the room sounds like."""

    samples: Samples = field(repr=False)
    """[FRAME]"""
    speech: float
    """How likely it is that somebody speaks."""
    level: float
    """In dBFS."""
    woken: Woken | None = None
    """The wake word that ended in it."""


class Hearing:
    """A stage made of stages: frames in, what is known of them out."""

    def __init__(self, activity: VoiceActivity, wake: WakeWord | None, *, threshold: float = 0.5) -> None:
        """`wake`: None where a button is pressed; `threshold`: from when on it is speech."""
        self._activity, self._wake = activity, wake
        self._threshold = threshold
        self._since_speech = _NEAR_FRAMES

    def feed(self, given: Samples) -> Heard:
        """Look at FRAME samples.

        Raises:
            EngineError: a model failed.
        """
        speech = self._activity.feed(given)
        self._since_speech = 0 if speech >= self._threshold else self._since_speech + 1
        woken = None if self._wake is None else self._wake.feed(given)
        near = self._since_speech < _NEAR_FRAMES
        return Heard(given, speech, dbfs(given), woken if near else None)

    def reset(self) -> None:
        """Forget all that came before."""
        self._since_speech = _NEAR_FRAMES
        self._activity.reset()
        if self._wake is not None:
            self._wake.reset()

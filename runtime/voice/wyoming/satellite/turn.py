"""When the room is heard by Home Assistant: from a wake word until it has heard enough. Knows no sound card, no line.

Nothing of the room is sent before a wake word, nor after what was said is over.
"""

from enum import Enum
from typing import Final

from wyoming.audio import AudioChunk, AudioStop
from wyoming.event import Eventable
from wyoming.pipeline import PipelineStage, RunPipeline
from wyoming.satellite import StreamingStarted, StreamingStopped
from wyoming.wake import Detection

from runtime.voice.border import RATE, Samples, Woken
from runtime.voice.pcm import pcm16

_WIDTH: Final = 2
_OVER: Final = frozenset({"voice-stopped", "transcript", "error", "not-recognized"})
"""Whatever of these comes first: it has heard enough."""


class State(Enum):
    """What becomes of what the room says."""

    AWAY = "away"
    """Nothing: nobody wants it."""
    WAITING = "waiting"
    """A wake word is listened for, here."""
    STREAMING = "streaming"
    """It goes to Home Assistant."""


class Turn:
    """One turn after the other, of one room."""

    def __init__(self, longest_s: float) -> None:
        """`longest_s`: what somebody says is over by then, whatever Home Assistant finds."""
        self._most = int(longest_s * RATE)
        self._sent = 0
        self.state = State.AWAY

    def begin(self) -> None:
        """Home Assistant is there."""
        if self.state is State.AWAY:
            self.state = State.WAITING

    def leave(self) -> None:
        """It is gone, or wants nothing now."""
        self.state = State.AWAY

    def hear(self, samples: Samples, woken: Woken | None) -> list[Eventable]:
        """What is to be sent of a frame, and of the wake word that ended in it."""
        if self.state is State.AWAY:
            return []
        if woken is not None:
            # Also while it streams, or speaks: somebody begins anew.
            self.state, self._sent = State.STREAMING, 0
            asked = RunPipeline(PipelineStage.ASR, PipelineStage.TTS, wake_word_name=woken.name)
            return [Detection(woken.name), asked, StreamingStarted()]
        if self.state is State.WAITING:
            return []
        self._sent += samples.size
        chunk = AudioChunk(RATE, _WIDTH, 1, pcm16(samples))
        if self._sent < self._most:
            return [chunk]
        self.state = State.WAITING
        return [chunk, AudioStop(), StreamingStopped()]

    def told(self, kind: str) -> list[Eventable]:
        """What is to be sent to an event of Home Assistant's."""
        if self.state is not State.STREAMING or kind not in _OVER:
            return []
        self.state = State.WAITING
        return [StreamingStopped()]

"""What a recording says of a microphone, and what to do about it. Samples in, numbers and a sentence out."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from runtime.voice.border import FRAME, Samples
from runtime.voice.pcm import clipped, dbfs

_QUIET: Final = 0.1
_LOUD: Final = 0.95
_CLIPPED: Final = 0.001
_FAINT_DBFS: Final = -45.0
_DEAD_DBFS: Final = -90.0
_MARGIN_DB: Final = 15.0
_SPOKEN: Final = 0.15


@dataclass(frozen=True, slots=True)
class Levels:
    """How loud a recording is, in dBFS, frame by frame."""

    quiet: float
    """Its quietest tenth: the room."""
    loud: float
    """Its loudest twentieth: who speaks."""
    clipped: float
    """The share of samples that are as loud as can be."""
    speech: float
    """The share of frames in which somebody speaks."""

    @property
    def advice(self) -> str:
        """What to do, in a sentence."""
        if self.loud < _DEAD_DBFS:
            return (
                "nothing at all is heard: the microphone is muted; unmute it in `alsamixer` (F4, then space)"
            )
        if self.clipped > _CLIPPED:
            return "it is too loud and cut off; turn the microphone down in `alsamixer` (F4)"
        if self.speech < _SPOKEN:
            return "no speech is heard in it; speak while it records, nearer to the microphone"
        if self.loud < _FAINT_DBFS:
            return "speech is faint; turn the microphone up in `alsamixer` (F4), or put it nearer"
        if self.loud - self.quiet < _MARGIN_DB:
            return (
                "the room is nearly as loud as who speaks; put the microphone nearer, or away from what hums"
            )
        return "that is good"


def levels_of(samples: Samples, speech: float) -> Levels:
    """Of a recording of at least one frame; `speech`: the share of its frames in which somebody speaks."""
    frames = samples[: samples.size // FRAME * FRAME].reshape(-1, FRAME)
    each = [dbfs(frame) for frame in frames]
    return Levels(float(np.quantile(each, _QUIET)), float(np.quantile(each, _LOUD)), clipped(samples), speech)

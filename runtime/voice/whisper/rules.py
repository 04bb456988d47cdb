"""What Whisper may write next: arrays of logits in, the same with what must not come at minus infinity.

Source: the decoding of its makers (whisper/decoding.py, ApplyTimestampRules). Knows token ids; no text, no model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.manifest import Manifest, Transcriber

Floats = NDArray[np.float32]

TIME_S: Final = 0.02
"""Between one time and the next."""
_NEVER: Final = -np.inf
_FIRST_TIME: Final = 50
"""The first time is within a second."""


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """Of one model, with times or without."""

    about: Transcriber
    start: int
    end: int
    timed: bool

    @classmethod
    def of(cls, manifest: Manifest, *, timed: bool) -> "Rules":
        """As its manifest says."""
        if manifest.transcriber is None or manifest.bos_id is None:
            raise RuntimeError("a model that hears has tokens to begin with")
        return cls(manifest.transcriber, manifest.bos_id, manifest.eos_ids[0], timed)

    def apply(self, logits: Floats, written: Sequence[int]) -> None:
        """Rule out what must not follow `written` in [V]."""
        about = self.about
        logits[list(about.suppressed)] = _NEVER
        logits[self.start : about.first_timestamp] = _NEVER  # languages, tasks, no_timestamps
        if not written:
            logits[list(about.suppressed_first)] = _NEVER
        if self.timed:
            self._times(logits, written)
        else:
            logits[about.first_timestamp :] = _NEVER

    def _times(self, logits: Floats, written: Sequence[int]) -> None:
        """They come in pairs, but at the beginning and the end, and never go back."""
        first = self.about.first_timestamp
        if not written:
            logits[:first] = _NEVER
            logits[first + _FIRST_TIME + 1 :] = _NEVER
            return
        was_time = written[-1] >= first
        if was_time and (len(written) == 1 or written[-2] >= first):
            logits[first:] = _NEVER
        elif was_time:
            logits[: self.end] = _NEVER
        last = max((token for token in written if token >= first), default=first)
        # A stretch ends after it began; the next may begin where it ended.
        least = last if was_time and len(written) > 1 and written[-2] < first else last + 1
        logits[first:least] = _NEVER
        if not was_time and _likelier(logits, first):
            logits[:first] = _NEVER

    def text(self, written: Sequence[int]) -> tuple[int, ...]:
        """Without times."""
        return tuple(token for token in written if token < self.about.first_timestamp)


def _likelier(logits: Floats, first: int) -> bool:
    """Whether it is likelier that some time comes than any one word."""
    times = logits[first:]
    top = times.max()
    if top == _NEVER:
        return False
    return bool(top + np.log(np.exp(times - top).sum()) > logits[:first].max())

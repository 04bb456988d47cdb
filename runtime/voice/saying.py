"""What somebody is saying, while they say it: its sound, and when it is over. Knows no models and nobody's state.

When it is over depends on what was said: after a short pause it is worth a look (`Due.LOOK`), and if the text is whole
there is nothing to wait for; after half a sentence the pause may be long.
"""

from enum import Enum, auto
from typing import Final

import numpy as np

from runtime.voice.border import Samples, Transcription
from runtime.voice.endpoint import Endpoint
from runtime.voice.events import Dropped, Rules
from runtime.voice.hearing import FRAME_S, Heard
from runtime.voice.pcm import dbfs
from runtime.voice.ring import Ring, joined
from runtime.voice.said import unfinished, words_of

_LOUD: Final = 0.9


class Due(Enum):
    """What follows from what was heard so far."""

    MORE = auto()
    LOOK = auto()
    """It may be over: what was said may tell."""
    OVER = auto()
    NOBODY = auto()


class Saying:
    """One thing that somebody says, from before its beginning to its end."""

    def __init__(
        self,
        rules: Rules,
        now: float,
        before: list[Samples],
        *,
        held: bool = False,
        short: bool = False,
        interrupts: bool = False,
        deaf_s: float = 0.0,
        endpoint: Endpoint | None = None,
    ) -> None:
        """Begin to listen.

        Args:
            rules: the bounds.
            now: when.
            before: what was heard just before.
            held: a button is held, so that it is over when that is let go.
            short: it may be as short as a no.
            interrupts: the loudspeaker, so that it may be the loudspeaker.
            deaf_s: so long, what is heard may be an echo.
            endpoint: of somebody who speaks already.
        """
        self.held, self.short, self.interrupts = held, short, interrupts
        self.text: Transcription | None = None
        """What was said, unless something was said since."""
        self.looked: int | None = None
        """The turn that it was looked at in, unless something was said since."""
        self._rules = rules
        self._given_up = now + deaf_s + rules.patience_s
        self._deaf_until = now + deaf_s
        self._endpoint = endpoint or Endpoint(rules.speech)
        self._before = Ring(round(rules.preroll_s / FRAME_S))
        self._frames: list[Samples] = []
        if self._endpoint.begun or held:
            self._frames = before
        else:
            for frame in before:
                self._before.push(frame)

    @property
    def samples(self) -> Samples:
        """The sound of it."""
        return joined(self._frames)

    @property
    def dropped(self) -> Dropped | None:
        """Why it is nothing; None: it may be something."""
        if not self._endpoint.begun:
            return Dropped.NOBODY
        if self._is_short:
            return Dropped.SHORT
        return Dropped.QUIET if _loudness(self._frames) < self._rules.quietest_dbfs else None

    def hold(self) -> None:
        """From now on a button is held."""
        self.held = True
        self._frames = self._frames or self._before.take()

    def feed(self, now: float, heard: Heard) -> Due:
        """Take a frame."""
        if self._endpoint.begun or self.held:
            self._frames.append(heard.samples)
        else:
            self._before.push(heard.samples)
        if now >= self._deaf_until and self._endpoint.feed(heard.speech):
            self.text = self.looked = None
        if self._endpoint.begun and not self._frames:
            self._frames = self._before.take()
        if len(self._frames) * FRAME_S >= self._rules.longest_s:
            return Due.OVER
        if self.held:
            return Due.MORE
        if not self._endpoint.begun:
            return Due.NOBODY if now >= self._given_up else Due.MORE
        return self._due_in_silence()

    def _due_in_silence(self) -> Due:
        silent_s, rules = self._endpoint.silent_s, self._rules
        if silent_s < rules.early_s:
            return Due.MORE
        if self._is_short:
            self._begin_again()
            return Due.MORE
        whole = self.text is not None and not unfinished(words_of(self.text))
        if whole or silent_s >= rules.late_s:
            return Due.OVER
        return Due.LOOK if self.looked is None else Due.MORE

    @property
    def _is_short(self) -> bool:
        rules = self._rules
        return self._endpoint.voiced_s < (rules.least_short_s if self.short or self.held else rules.least_s)

    def _begin_again(self) -> None:
        """That was a cough, or the end of the wake word."""
        self._endpoint.reset()
        for frame in self._frames:
            self._before.push(frame)
        self._frames = []


def _loudness(frames: list[Samples]) -> float:
    """In dBFS, of the louder frames: between them are pauses."""
    powers = np.square(np.stack(frames), dtype=np.float64).mean(axis=1)
    return dbfs(np.sqrt(np.quantile(powers, _LOUD, keepdims=True)).astype(np.float32))

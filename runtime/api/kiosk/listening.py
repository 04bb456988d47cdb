"""What somebody says into the page, from the press of the button to its end. Blocks while it computes; knows no socket.

While the button is held, all of it counts, pauses too. Once it is let go of at once, a tap, it ends by itself: with a
silence behind something that was said, or because nobody says anything. What cannot be told from silence is nothing.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np

from runtime.voice.audio import PcmStream
from runtime.voice.border import FRAME, Samples, Transcription, VoiceActivity
from runtime.voice.events import Dropped, Rules
from runtime.voice.hearing import FRAME_S, Heard, Hearing
from runtime.voice.pcm import Form, dbfs
from runtime.voice.said import phantom, words_of
from runtime.voice.saying import Due, Saying

RULES: Final = Rules(longest_s=30.0)
"""A person with a thumb on a button may think longer than one who speaks to a room."""


class Listening:
    """One press of the button. Called by one thread at a time."""

    def __init__(self, rate: int, activity: VoiceActivity | None, rules: Rules = RULES) -> None:
        """`rate`: samples a second of what comes. `activity`: None: only a hand can say when it is over.

        Raises:
            SoundError: nobody records at that rate.
            NoVoiceError: another rate than 16,000 takes a library that is not installed.
        """
        self._sound = PcmStream(Form(rate))
        self._hearing = None if activity is None else Hearing(activity, None)
        self._rules = rules
        self._rest = np.zeros(0, np.float32)
        self._now = 0.0
        """Seconds of sound."""
        self._heard: list[Heard] = []
        self._looks = 0
        self._saying = Saying(rules, 0.0, [], held=True, short=True)

    @property
    def ends_by_itself(self) -> bool:
        """Whether a silence can end it."""
        return self._hearing is not None

    @property
    def dropped(self) -> Dropped | None:
        """Why there is nothing in it; None: there may be something."""
        return self._saying.dropped

    @property
    def samples(self) -> Samples:
        """The sound of it."""
        return self._saying.samples

    @property
    def text(self) -> Transcription | None:
        """What was said, if it was looked at and nothing was said since."""
        return self._saying.text

    def let_go(self) -> None:
        """The button was tapped: it ends by itself from now on, if it can."""
        if self._hearing is not None and self._saying.held:
            self._saying = Saying(self._rules, self._now, [], short=True)
            for heard in self._heard:
                self._saying.feed(self._now, heard)

    def feed(self, data: bytes) -> Due:
        """Take PCM of 16 bits, in pieces of any size."""
        due = Due.MORE
        for frame in self._frames(data):
            self._now += FRAME_S
            self._heard.append(self._known(frame))
            due = self._saying.feed(self._now, self._heard[-1])
            if due in {Due.OVER, Due.NOBODY}:
                break
        return due

    def look(self) -> int:
        """It may be over: the number under which what was said so far can be told, once it is known."""
        self._looks += 1
        self._saying.looked = self._looks
        return self._looks

    def awaits(self, look: int) -> bool:
        """Whether nothing was said since."""
        return self._saying.looked == look

    def told(self, look: int, said: Transcription) -> None:
        """What was said until then; it counts unless something was said since."""
        if self.awaits(look):
            self._saying.text = said

    def _frames(self, data: bytes) -> Iterator[Samples]:
        """What is whole of it; the rest waits for the next piece."""
        samples = np.concatenate((self._rest, self._sound.feed(data)))
        whole = samples.size // FRAME * FRAME
        self._rest = samples[whole:]
        yield from samples[:whole].reshape(-1, FRAME)

    def _known(self, frame: Samples) -> Heard:
        if self._hearing is not None:
            return self._hearing.feed(frame)
        level = dbfs(frame)
        return Heard(frame, float(level > self._rules.quietest_dbfs), level)


def understood(said: Transcription) -> Dropped | None:
    """Why it is nothing that anybody said; None: they are words."""
    if not words_of(said):
        return Dropped.EMPTY
    return Dropped.PHANTOM if phantom(said) else None

"""A room as the pipeline hears it: frames with what a model would say of them, and a clock that goes on with them."""

import numpy as np

from runtime.voice.border import FRAME, Reading, Transcription, Woken
from runtime.voice.events import Effect, Input, Recognise, Rules, State, Tick, Understood
from runtime.voice.hearing import FRAME_S, Heard
from runtime.voice.pipeline import Pipeline

NABU = Woken("okay_nabu", 0.99)


def transcribed(text: str, *, no_speech: float = 0.0, score: float = -0.2) -> Transcription:
    return Transcription((Reading(text, score),), "en", no_speech, ())


def frame(speech: float, level: float, *, woken: Woken | None = None, mark: float | None = None) -> Heard:
    """`mark`: what its samples are, to find them again; without it, as loud as they should be."""
    value = 10 ** (level / 20) if mark is None else mark
    return Heard(np.full(FRAME, value, np.float32), speech, level, woken)


class Room:
    """A pipeline in a room; remembers what was to be done."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = Rules() if rules is None else rules
        self.pipeline = Pipeline(self.rules)
        self.now = 100.0
        self.done: list[Effect] = []

    @property
    def state(self) -> State:
        return self.pipeline.state

    def step(self, given: Input) -> list[Effect]:
        done = self.pipeline.step(self.now, given)
        self.done += done
        return done

    def hear(
        self, seconds: float, *, speech: float = 0.0, level: float = -60.0, mark: float | None = None
    ) -> list[Effect]:
        """So long of the same."""
        done = []
        for _ in range(round(seconds / FRAME_S)):
            self.now += FRAME_S
            done += self.step(frame(speech, level, mark=mark))
        return done

    def speak(self, seconds: float, *, level: float = -25.0, mark: float | None = None) -> list[Effect]:
        return self.hear(seconds, speech=0.95, level=level, mark=mark)

    def wake(self) -> list[Effect]:
        self.hear(1.0)
        self.speak(0.6)
        self.now += FRAME_S
        return self.step(frame(0.9, -25.0, woken=NABU))

    def understand(self, text: str, *, no_speech: float = 0.0, score: float = -0.2) -> list[Effect]:
        """What was recognised last was this."""
        turn = next(each.turn for each in reversed(self.done) if isinstance(each, Recognise))
        return self.step(Understood(turn, transcribed(text, no_speech=no_speech, score=score)))

    def wait(self, seconds: float) -> list[Effect]:
        """The microphone says nothing meanwhile."""
        done = []
        for _ in range(round(seconds)):
            self.now += 1
            done += self.step(Tick())
        return done

    def say_something(self, text: str = "turn on the light") -> list[Effect]:
        """From waking it to the answer being asked for."""
        self.wake()
        self.speak(1.5)
        self.hear(0.4)
        return self.understand(text)

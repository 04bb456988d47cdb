"""What the stages of a voice pipeline are to each other: values, and the one protocol that all of them implement.

Knows no model, no sound card and no network. Sound inside the appliance is mono, 16 kHz, float32 between -1 and 1;
whatever comes in another form is made so at the door (`audio.py`), and what is spoken keeps the rate of its voice.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from runtime.commands.order import Status

RATE: Final = 16_000
"""Samples a second of all that is listened to."""
FRAME: Final = 512
"""Samples that voice activity and wake words are looked for in at a time: 32 ms."""

Samples = NDArray[np.float32]
"""[n], between -1 and 1."""

Given_contra = TypeVar("Given_contra", contravariant=True)
Got_co = TypeVar("Got_co", covariant=True)


class Stage(Protocol[Given_contra, Got_co]):
    """One stage of a pipeline. Blocks while it computes, and is called by one thread at a time."""

    def feed(self, given: Given_contra) -> Got_co:
        """What the stage makes of what it is given; what it remembers of earlier is its own business.

        Raises:
            EngineError: its model failed.
        """
        ...

    def reset(self) -> None:
        """Forget all that came before: another speaker, another sentence."""
        ...


@dataclass(frozen=True, slots=True)
class Woken:
    """A wake word was said."""

    name: str
    score: float
    """Between 0 and 1."""


@dataclass(frozen=True, slots=True)
class Speech:
    """What somebody said, as sound."""

    samples: Samples = field(repr=False)
    """At RATE."""
    language: str | None = None
    """BCP 47; None: whatever the model hears."""
    hints: tuple[str, ...] = ()
    """Names that may well be in it: those of devices and areas."""
    best: int = 1
    """How many readings are wanted."""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.samples.size / RATE


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to write down what was said."""

    text: str
    """Without a space around it; empty where nothing was said."""
    score: float
    """Mean log probability of a token."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of it; times in seconds from its beginning."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Transcription:
    """What was said, as text."""

    readings: tuple[Reading, ...]
    """The likeliest first; at least one."""
    language: str
    no_speech: float
    """How likely it is that nobody spoke, between 0 and 1."""
    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        """The likeliest reading."""
        return self.readings[0].text


@dataclass(frozen=True, slots=True)
class Utterance:
    """What is to be said, as a person would read it aloud: no markup, no numbers in digits that a voice misreads."""

    text: str
    voice: str | None = None
    """None: the one that is configured."""
    language: str | None = None
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Sound:
    """Something to be played."""

    samples: Samples = field(repr=False)
    rate: int
    """Samples a second."""


VoiceActivity = Stage[Samples, float]
"""FRAME samples in; how likely it is that somebody speaks, between 0 and 1."""
WakeWord = Stage[Samples, Woken | None]
"""FRAME samples in; a wake word that has just ended, if one has."""
Recognizer = Stage[Speech, Transcription]
"""Speech to text."""
Speaker = Stage[Utterance, Iterator[Sound]]
"""Text to speech, clause by clause: the first is there before the last is computed."""


class Voices(Protocol):
    """Recognition and speech as front ends use them, on the event loop; computing happens elsewhere meanwhile."""

    @property
    def recognizer(self) -> str | None:
        """The name of the model that listens; None: there is none."""
        ...

    @property
    def languages(self) -> tuple[str, ...]:
        """Which it understands."""
        ...

    @property
    def voices(self) -> tuple[str, ...]:
        """The voices that can speak, the default first; empty: none can."""
        ...

    async def transcribe(self, speech: Speech) -> Transcription:
        """Write down what was said.

        Raises:
            CallerError: it is too long, its language is not understood, or nothing here can listen.
            BusyError: as many wait as may.
            EngineError: the model failed.
        """
        ...

    def speak(self, utterance: Utterance) -> AsyncIterator[Sound]:
        """Say something, a clause at a time. Closing it leaves off.

        Raises (at any iteration):
            CallerError: there is no such voice, or nothing here can speak.
            BusyError: as many wait as may.
            EngineError: the model failed.
        """
        ...


@dataclass(frozen=True, slots=True)
class Said:
    """A clause of an answer, to be spoken as soon as it is there."""

    text: str
    """As it was written: how it is read aloud is not decided yet."""
    language: str
    """BCP 47."""
    asks: bool = False
    """It waits for an answer, which may be as short as a yes: whoever speaks it listens again."""
    status: Status | None = None
    """What came of a command; None: there was none, and these are a model's own words."""


class Answerer(Protocol):
    """What is said back, on the event loop: what came of a command, or else a model's own words."""

    def answer(
        self, texts: Sequence[str], *, language: str | None, session: str
    ) -> AsyncGenerator[Said, None]:
        """Do what was said, once, and tell what came of it; nothing where nothing was said.

        Every call is an utterance of its own. Closing it ends the words, and not what was begun.

        Args:
            texts: the readings of one utterance, the likeliest first. One of them is meant.
            language: BCP 47; None: the house's first.
            session: turns of the same session know of each other.

        Raises (at any iteration):
            CallerError, BusyError, EngineError: a model is needed for it that cannot be had now, or that refuses.
        """
        ...

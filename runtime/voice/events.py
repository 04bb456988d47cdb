"""What goes into the pipeline and what comes out of it. Plain values; `pipeline.py` says what becomes of them.

A turn is one thing that somebody said and what is answered to it. Its number tells what belongs to it from what comes
too late.
"""

from dataclasses import dataclass, field
from enum import Enum

from runtime.voice.border import Samples, Transcription, Woken
from runtime.voice.hearing import Heard


class State(Enum):
    """What a person is told of it."""

    ASLEEP = "asleep"
    LISTENING = "listening"
    RECOGNISING = "recognising"
    ANSWERING = "answering"
    SPEAKING = "speaking"


class Dropped(Enum):
    """Why nothing came of what was heard."""

    NOBODY = "nobody spoke"
    QUIET = "it was too quiet to be understood"
    SHORT = "it was too short to be anything"
    EMPTY = "there were no words in it"
    PHANTOM = "it was no speech, whatever words were found in it"
    ECHO = "it was what the loudspeaker had just said"
    FAILED = "it could not be worked on"
    LATE = "it took too long"
    DEAF = "the microphone is gone"


@dataclass(frozen=True, slots=True)
class Rules:
    """How long, how loud, how often: every bound of the pipeline."""

    speech: float = 0.5
    """How likely it has to be that somebody speaks, for it to count as speech."""
    pause_s: float = 0.5
    """The silence after which somebody has said what they wanted, if nothing speaks for more or for less."""
    longest_s: float = 15.0
    """What somebody says is over by then."""
    patience_s: float = 5.0
    """How long it is listened for somebody who does not begin."""
    least_s: float = 0.25
    """Speech of less is a cough."""
    least_short_s: float = 0.09
    """Likewise where a question is open, or a button was pressed: a "no" may be as short."""
    quietest_dbfs: float = -55.0
    """Speech of less is not of this room."""
    preroll_s: float = 0.3
    """What is kept of the time before somebody was found to speak."""
    preroll_woken_s: float = 0.1
    """What is kept of the time before the wake word was made out: its own end, and perhaps the next word."""
    refractory_s: float = 0.5
    """How long after the appliance has spoken no wake word counts, for it may be its own."""
    echo_s: float = 0.2
    """How long after that what is heard may be the room's echo."""
    recognising_s: float = 30.0
    answering_s: float = 60.0
    """How long an answer may take to begin, and between its clauses."""
    speaking_s: float = 180.0
    rounds: int = 5
    """How often it is listened again, by itself, because a question is open."""

    @property
    def early_s(self) -> float:
        """The silence after which it is looked what was said: if it is whole, there is nothing to wait for."""
        return 0.6 * self.pause_s

    @property
    def late_s(self) -> float:
        """The silence that ends half a sentence."""
        return 2.4 * self.pause_s


@dataclass(frozen=True, slots=True)
class Pressed:
    """Somebody holds the button: what they say counts until they let go."""


@dataclass(frozen=True, slots=True)
class Released:
    """The button is let go."""


@dataclass(frozen=True, slots=True)
class Understood:
    """What was said in a turn."""

    turn: int
    transcription: Transcription


@dataclass(frozen=True, slots=True)
class Sounding:
    """The loudspeaker plays something of a turn's answer."""

    turn: int
    level: float
    """In dBFS, as it is in the file: how loud the room hears it is the owner's knob."""
    text: str = ""
    """What it says."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """The answer is over, the last of it was played."""

    turn: int
    asks: bool = False
    """It was a question."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A turn cannot be worked on."""

    turn: int


@dataclass(frozen=True, slots=True)
class Deaf:
    """The microphone is gone."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Nothing happened but time."""


Input = Heard | Pressed | Released | Understood | Sounding | Spoken | Failed | Deaf | Tick


@dataclass(frozen=True, slots=True)
class Recognise:
    """Write down what was said. Exactly one Understood or Failed of that turn is waited for."""

    turn: int
    samples: Samples = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer what was said, and speak the answer."""

    turn: int
    transcription: Transcription


@dataclass(frozen=True, slots=True)
class Stop:
    """Leave off a turn: its answer is neither waited for nor spoken any more. What was done stays done."""

    turn: int


@dataclass(frozen=True, slots=True)
class Awake:
    """It listens now: something to show, or to sound."""

    woken: Woken | None = None
    """None: a button, an interruption, or a question that is open."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """What was heard came to nothing; not an error, but worth showing."""

    why: Dropped


Effect = Recognise | Answer | Stop | Awake | Nothing

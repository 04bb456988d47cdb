"""What is to be understood, what was said before it, and the border that each way of understanding keeps."""

from dataclasses import dataclass
from typing import Protocol

from runtime.commands.meaning import Candidate, Meaning, Route, Which
from runtime.commands.registry.house import House


@dataclass(frozen=True, slots=True)
class Memory:
    """What a session remembers of its last turn."""

    devices: tuple[str, ...] = ()
    """Ids of what was spoken of last: what `it` and `them` are."""
    asked: Which | None = None
    """A question that waits for its answer."""
    text: str = ""
    """The sentence that was asked about."""
    again: bool = False
    """It was asked a second time already, because the answer was not understood."""


NOTHING_SAID = Memory()


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, or one clause of several."""

    text: str
    """As it came, but for spaces and control characters."""
    language: str = "en"
    area: str | None = None
    """Id of the area where it was said: what `here` is, and `the light` first means."""
    now: float = 0.0
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one stage makes of a sentence."""

    meaning: Meaning
    route: Route
    confidence: float = 1.0
    candidates: tuple[Candidate, ...] = ()


class Stage(Protocol):
    """One way of understanding. Stages are asked in turn; the first that has a reading is believed."""

    @property
    def name(self) -> str:
        """As explanations call it."""
        ...

    async def read(self, sentence: Sentence, house: House, memory: Memory) -> Reading | None:
        """What the sentence means in this house; None leaves it to the next stage.

        A stage changes nothing and sends nothing. What it finds is inside the house's devices and their domains.
        """
        ...

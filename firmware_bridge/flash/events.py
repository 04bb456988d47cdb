"""What is told while firmware is put on a board."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """Something begins."""

    what: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far something is."""

    what: str
    done: int
    whole: int


@dataclass(frozen=True, slots=True)
class Said:
    """A program that flashes says something."""

    line: str


Event = Step | Progress | Said
Tell = Callable[[Event], None]

"""What the patterns of a language are, by which a sentence is known for no command. Names are masked before."""

import re
from dataclasses import dataclass
from typing import Final

NAME: Final = "\ue000"
"""Stands for a device's name."""
PLACE: Final = "\ue001"
"""Stands for an area's or a floor's."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """Patterns of one language, for sentences in which names are masked."""

    idle: re.Pattern[str]
    """Phrases that only look as if they waited, told or joined; taken out first."""
    waits: re.Pattern[str]
    tells: re.Pattern[str]
    cut: re.Pattern[str]
    known: re.Pattern[str]
    """What a part may be about without a name of the house."""
    doubtful: re.Pattern[str] | None = None
    """What may be told as well as asked for."""


def any_of(*patterns: str) -> str:
    """The first of these that fits."""
    return f"(?:{'|'.join(patterns)})"


def words(*patterns: str) -> str:
    """Any of these as whole words."""
    return rf"\b{any_of(*patterns)}\b"

"""What an answer is made of. Values only."""

from dataclasses import dataclass

from runtime.text.tools.values import Call


@dataclass(frozen=True, slots=True)
class Words:
    """More of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Thoughts:
    """More of what the model thinks before it answers."""

    text: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Something looked like a call and was none: its letters are among the words, or (a call too many) left out."""

    reason: str


Part = Words | Thoughts | Call | Refused

"""What keeps a sentence from being a command, however much of a command is in it. Patterns only; names are masked.

A sentence that waits for something, tells how things are, speaks about commands, or has a part that is about nothing
here, is not to be chosen from: its other words would be done without them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from runtime.commands.language.aside.chinese import CHINESE
from runtime.commands.language.aside.english import ENGLISH
from runtime.commands.language.aside.grammar import NAME, PLACE, Grammar
from runtime.commands.language.names import Of, names
from runtime.commands.language.normalise import clean
from runtime.commands.registry.house import House

_AROUND: Final = re.compile(r"^[\s,.!?。]+|[\s,.!?。]+$")
_LISTED: Final = re.compile(r",\s+(?=(?:the|my|our|all|both)\s)")


class Aside(StrEnum):
    """Why it is none."""

    WAITS = "waits"
    """For a time, or for something to happen."""
    TELLS = "tells"
    """How things are, or what somebody says of them."""
    PART = "part"
    """A part of it is about nothing that is known here."""
    DOUBT = "doubt"
    """Somebody may be telling of it as well as asking for it."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, and the words of it."""

    aside: Aside
    words: str


def aside(text: str, language: str, house: House) -> Found | None:
    """What keeps a sentence from being a command; None where nothing does.

    Args:
        text: a sentence that was made plain and has its numbers in digits.
        language: BCP 47; of languages other than English and Chinese nothing is known.
        house: whose names are no words of the sentence.
    """
    chinese = language.startswith("zh")
    if not chinese and not language.startswith("en"):
        return None
    grammar = CHINESE if chinese else ENGLISH
    masked = _masked(clean(text).casefold(), language, house)
    said = " ".join(grammar.idle.sub(" ", masked).split())
    for kind, pattern in ((Aside.WAITS, grammar.waits), (Aside.TELLS, grammar.tells)):
        if match := pattern.search(said):
            return Found(kind, match[0].strip())
    for part in _parts(said, grammar):
        if not grammar.known.search(part):
            return Found(Aside.PART, part)
    if grammar.doubtful is not None and (match := grammar.doubtful.search(said)):
        return Found(Aside.DOUBT, match[0])
    return None


def _parts(text: str, grammar: Grammar) -> Iterator[str]:
    """What is joined to be done together, enumerations taken apart; none where nothing is joined."""
    pieces = grammar.cut.split(text)
    if len(pieces) > 1:
        listed = (part for piece in pieces for part in _LISTED.split(piece))
        yield from filter(None, (_AROUND.sub("", part) for part in listed))


def _masked(text: str, language: str, house: House) -> str:
    """The sentence with a private character for each name, longest first."""
    found = {each.text: each.of is Of.DEVICE for each in names(house, language) if each.text in text}
    for name in sorted(found, key=len, reverse=True):
        before, after = (r"(?<!\w)", r"(?!\w)") if name.isascii() else ("", "")
        text = re.sub(before + re.escape(name) + after, NAME if found[name] else PLACE, text)
    return text

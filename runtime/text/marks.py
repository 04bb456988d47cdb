"""Finds the marks that a model sets in its answer: where thinking or a tool call begins and ends.

A mark that the vocabulary has as a token of its own is only that token: the same letters, spelt out, are text. A mark
the vocabulary lacks has to be found by its letters, which may come in pieces. Knows strings; not what marks mean.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mark:
    """Letters that are no text."""

    letters: str
    token: bool = False
    """Whether the model wrote one token of its vocabulary, which it can not do by accident."""


Piece = str | Mark


class MarkFinder:
    """Splits a stream of text at marks. How the text was cut into pieces makes no difference."""

    def __init__(self, marks: Collection[str]) -> None:
        """Take marks; none of them is empty or part of another."""
        self._anywhere = re.compile("|".join(map(re.escape, marks))) if marks else None
        self._beginnings = {mark[:size] for mark in marks for size in range(1, len(mark))}
        self._longest = max(map(len, marks), default=0)
        self._held = ""

    def feed(self, text: str) -> Iterator[Piece]:
        """What is certain by now: pieces of text, none empty, and marks."""
        text, self._held = self._held + text, ""
        start = 0
        for match in self._anywhere.finditer(text) if self._anywhere else ():
            if match.start() > start:
                yield text[start : match.start()]
            yield Mark(match[0])
            start = match.end()
        rest = text[start:]
        sizes = range(min(self._longest - 1, len(rest)), 0, -1)
        held = next((size for size in sizes if rest[-size:] in self._beginnings), 0)
        self._held = rest[len(rest) - held :]
        if len(rest) > held:
            yield rest[: len(rest) - held]

    def flush(self) -> str:
        """What was held back and became no mark."""
        held, self._held = self._held, ""
        return held

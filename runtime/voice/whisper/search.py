"""The likeliest readings of one sound: a beam of them, one of which is the greedy case.

Knows what follows what with which probability (`Follows`), and how much a word is wanted (`Wanted`); no model, no text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from runtime.voice.whisper.hints import Hints, Place
from runtime.voice.whisper.rules import Rules

Floats = NDArray[np.float32]


class Follows(Protocol):
    """What is written, a step at a time (`runtime.engine.transcriber.Writing`)."""

    @property
    def left(self) -> int:
        """Tokens that there is room for."""
        ...

    def follow(self, parents: Sequence[int], tokens: Sequence[int]) -> Floats:
        """Row n goes on from `parents[n]` by `tokens[n]`; what follows each, [rows, V]."""
        ...


@dataclass(frozen=True, slots=True)
class Written:
    """A reading in tokens."""

    tokens: tuple[int, ...]
    """Without the end."""
    total: float
    """Log probability, that of the end included."""
    place: Place
    """Where in a name it is, and what names are worth so far."""
    ended: bool = False

    @property
    def score(self) -> float:
        """Mean log probability of a token."""
        return self.total / (len(self.tokens) + 1)

    @property
    def rank(self) -> float:
        """By which the likeliest is chosen: names that are expected count for more."""
        return (self.total + self.place.worth) / (len(self.tokens) + 1)


@dataclass(frozen=True, slots=True)
class _Step:
    parent: int
    token: int
    total: float
    place: Place


def search(first: Floats, writing: Follows, rules: Rules, hints: Hints, *, width: int) -> tuple[Written, ...]:
    """Up to `width` readings, the likeliest first; `first` [V] is what the sound may begin with.

    Raises:
        EngineError: the model failed.
    """
    live = [Written((), 0.0, hints.start)]
    logits = first[None].copy()
    ended: list[Written] = []
    while live:
        steps = sorted(
            _steps(logits, live, rules, hints, width), key=lambda step: -(step.total + step.place.standing)
        )
        following: list[_Step] = []
        for step in steps:
            if step.token == rules.end:
                ended.append(Written(live[step.parent].tokens, step.total, step.place, ended=True))
            else:
                following.append(step)
            if len(following) == width or len(ended) == width:
                break
        live = [Written((*live[s.parent].tokens, s.token), s.total, s.place) for s in following]
        if len(ended) >= width or not live or not writing.left:
            break
        logits = writing.follow([s.parent for s in following], [s.token for s in following])
    whole = ended or live
    return tuple(sorted(whole, key=lambda reading: -reading.rank)[:width])


def _steps(logits: Floats, live: Sequence[Written], rules: Rules, hints: Hints, width: int) -> list[_Step]:
    """The likeliest ways on of each reading."""
    found = []
    for row, reading in enumerate(live):
        chances = log_softmax(logits[row], rules, reading.tokens)
        wanted = hints.wanted(reading.place, chances)
        standing = chances.copy() if wanted else chances
        for token, worth in wanted.items():
            standing[token] += worth
        if width == 1:
            tokens = [int(standing.argmax())]
        else:
            tokens = [int(token) for token in np.argpartition(standing, -width - 1)[-width - 1 :]]
        found += [
            _Step(row, token, reading.total + float(chances[token]), hints.step(reading.place, token))
            for token in tokens
            if chances[token] > -np.inf
        ]
    return found


def log_softmax(logits: Floats, rules: Rules, written: Sequence[int]) -> Floats:
    """Log probabilities [V] of what may follow; `logits` is spent."""
    rules.apply(logits, written)
    logits -= logits.max()
    logits -= np.log(np.exp(logits).sum())
    return logits

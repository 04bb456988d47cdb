"""How near in meaning a sentence is to all that could be asked for. Vectors of wordings are computed once and kept.

Knows an encoder, not the house: a changed house costs the wordings that are new, and no others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from runtime.commands.registry.house import House
from runtime.commands.shortlist import phrases
from runtime.commands.shortlist.possible import Possible
from runtime.limits import COMMAND_LETTERS

Vectors = NDArray[np.float32]
_MOST_KEPT: Final = 20_000
"""Wordings: 30 MB of vectors of 384 numbers."""


class Encoder(Protocol):
    """Texts to vectors: `runtime.encoding.TextEncoder`."""

    def answers(self, texts: Sequence[str]) -> Vectors:
        """One row a text."""
        ...


@dataclass(frozen=True, slots=True)
class Likeness:
    """Of one sentence; cosines, from -1 to 1."""

    own: NDArray[np.float32]
    """To each possible thing, said of its device."""
    kind: NDArray[np.float32]
    """To each possible thing, said of its kind."""
    nothing: float
    """To what is no command."""


class Space:
    """The vectors of one house."""

    def __init__(self, kept: "Kept", possible: Sequence[Possible], house: House) -> None:
        """Compute what is not kept: some milliseconds a wording."""
        self._kept = kept
        self._own = _Groups([phrases.of_device(each, house) for each in possible], kept)
        self._kind = _Groups([phrases.of_kind(each) for each in possible], kept)
        self._nothing = kept.vectors(phrases.nothing())

    def likeness(self, text: str) -> Likeness:
        """Compare one sentence with everything."""
        vector = self._kept.one(text[:COMMAND_LETTERS])
        return Likeness(
            self._own.nearest(vector), self._kind.nearest(vector), float((self._nothing @ vector).max())
        )


class _Groups:
    """Several wordings for each of several things."""

    def __init__(self, groups: Sequence[Sequence[str]], kept: "Kept") -> None:
        distinct = list(dict.fromkeys(text for group in groups for text in group))
        self._vectors = kept.vectors(distinct)
        place = {text: number for number, text in enumerate(distinct)}
        self._places = [np.array([place[text] for text in group], np.intp) for group in groups]

    def nearest(self, vector: Vectors) -> NDArray[np.float32]:
        """Of each thing, the likeness of its nearest wording; 0 where it has none."""
        if not len(self._vectors):
            return np.zeros(len(self._places), np.float32)
        alike = self._vectors @ vector
        return np.array([alike[places].max() if places.size else 0.0 for places in self._places], np.float32)


class Kept:
    """Vectors of texts by an encoder."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._vectors: dict[str, Vectors] = {}

    def one(self, text: str) -> Vectors:
        """The vector of a sentence that nobody says twice."""
        vector: Vectors = _unit(self._encoder.answers([text]))[0]
        return vector

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """One row a text."""
        if missing := [text for text in dict.fromkeys(texts) if text not in self._vectors]:
            if len(self._vectors) + len(missing) > _MOST_KEPT:
                self._vectors.clear()
                missing = list(dict.fromkeys(texts))
            self._vectors |= dict(zip(missing, _unit(self._encoder.answers(missing)), strict=True))
        if not texts:
            return np.zeros((0, 0), np.float32)
        return np.stack([self._vectors[text] for text in texts])


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return unit

"""Names that may well be said, as a tree of tokens: each step along a name is worth a little, if it was heard at all.

What a name has been worth is taken back where it breaks off. A token that is unlikely by the sound alone gets nothing:
a list of names must not become a list of what is heard.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_WORTH: Final = 1.5
"""Nats a token."""
_LEAST: Final = -6.0
"""Log probability below which nothing is added."""


@dataclass(slots=True)
class _Node:
    following: dict[int, "_Node"] = field(default_factory=dict)
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a name a reading is."""

    node: _Node | None = field(repr=False, compare=False)
    """None: in none."""
    worth: float
    """Of names that were said to the end."""
    pending: float
    """Of one that is being said."""

    @property
    def standing(self) -> float:
        """What it counts for meanwhile."""
        return self.worth + self.pending


class Hints:
    """Some names."""

    def __init__(self, names: Sequence[Sequence[int]] = ()) -> None:
        """Take them as tokens, in every way they may be written."""
        self._root = _Node()
        for name in names:
            node = self._root
            for token in name:
                node = node.following.setdefault(token, _Node())
            node.ends = True
        self.start = Place(None, 0.0, 0.0)

    def wanted(self, place: Place, chances: Floats) -> Mapping[int, float]:
        """What tokens are worth more by, than they are likely."""
        found = {token: _WORTH for token in self._root.following if chances[token] > _LEAST}
        if place.node is not None:
            going_on = place.node.following
            found |= {token: _WORTH for token in going_on if chances[token] > _LEAST}
        return found

    def step(self, place: Place, token: int) -> Place:
        """Where a reading is behind this token."""
        node = place.node.following.get(token) if place.node is not None else None
        pending = place.pending
        if node is None:
            node, pending = self._root.following.get(token), 0.0
        if node is None:
            return Place(None, place.worth, 0.0)
        pending += _WORTH
        if node.ends:
            return Place(node, place.worth + pending, 0.0)
        return Place(node, place.worth, pending)

"""Which snapshots of a sequence to keep when there is room for few, and where to take them. Pure bookkeeping.

Prompts come back to where another left them (the end of a system prompt that both have) and to the end of the last
one, seldom to a place between. So branches go last, the newest is always taken, and the rest thin out with distance.
After Marconi (arXiv 2411.19379), which admits states at branches and ends, and lets go by what one saves.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

State = TypeVar("State")

TURN_TOKENS: Final = 8
"""Tokens a chat template puts behind the last message to begin the answer (7 in Qwen3's, 3 in most): the next prompt
need not repeat them, so a snapshot before them serves the next turn and the same prompt asked again."""
_FEWEST: Final = 2
"""Tokens in a chunk, where that can be had: one alone goes through other kernels, which round otherwise."""


def marks(cached: int, shared: int, total: int, stable: int = 0) -> tuple[int, ...]:
    """Places worth a snapshot in a prompt of `total` tokens, `cached` of them computed, `shared` with another prompt.

    Where it leaves the other prompt a third may leave too; at `stable` all conversations with one system prompt part.
    Places so near that little is saved are not worth a chunk.
    """
    end = max(total - TURN_TOKENS, stable if stable <= total - _FEWEST else 0)
    places: list[int] = []
    for mark in (stable, end, shared):
        if cached + TURN_TOKENS <= mark <= end and all(abs(mark - place) >= TURN_TOKENS for place in places):
            places.append(mark)
    return tuple(sorted(places))


def cuts(start: int, total: int, chunk: int, at: Iterable[int]) -> Iterator[int]:
    """Where chunks of at most `chunk` tokens end that take a prompt from `start` to `total`.

    None goes over a place of `at`, which is ascending and between the two; none is a single token if it need not be.
    """
    for stop in (*at, total):
        while start < stop:
            size = min(chunk, stop - start)
            start += size - (stop - start == size + 1 and size > _FEWEST)
            yield start


@dataclass(slots=True)
class _Kept(Generic[State]):
    tokens: int
    state: State
    branch: bool


class Pool(Generic[State]):
    """Memory for `room` snapshots of several sequences, whoever needs them; what is let go of is used again."""

    def __init__(self, room: int) -> None:
        self._left = room
        self._spare: list[State] = []
        self._rings: list[Ring[State]] = []

    def join(self, ring: "Ring[State]") -> None:
        """Serve one more sequence."""
        self._rings.append(ring)

    def back(self, state: State) -> None:
        """Take memory that is needed no more."""
        self._spare.append(state)

    def take(self, ring: "Ring[State]", new: Callable[[], State]) -> State | None:
        """Memory for one more in this ring; None when it should let go of one of its own, or there is none at all.

        When all is in use, it is taken from the sequence that has most: no one loses its last to another's second.
        """
        if self._spare:
            return self._spare.pop()
        if self._left:
            self._left -= 1
            return new()
        richest = max(self._rings, key=lambda each: len(each.places))
        if len(richest.places) > max(1, len(ring.places)) or (richest.places and not ring.places):
            return richest.let_go()
        return None


class Ring(Generic[State]):
    """Snapshots of one sequence in order of tokens, at most `room` of them, in memory of a pool that others use too."""

    def __init__(self, room: int, pool: Pool[State]) -> None:
        self._room = room
        self._kept: list[_Kept[State]] = []
        self._pool = pool
        pool.join(self)

    @property
    def places(self) -> tuple[int, ...]:
        """Token counts there is a snapshot of, ascending."""
        return tuple(kept.tokens for kept in self._kept)

    def nearest(self, tokens: int) -> int:
        """The last place at or before `tokens`; 0 when there is none."""
        index = bisect_right(self._kept, tokens, key=lambda kept: kept.tokens)
        return self._kept[index - 1].tokens if index else 0

    def at(self, tokens: int) -> State | None:
        """The snapshot of exactly so many tokens."""
        return next((kept.state for kept in self._kept if kept.tokens == tokens), None)

    def forget_after(self, tokens: int) -> None:
        """Let go of what is longer."""
        while self._kept and self._kept[-1].tokens > tokens:
            self._pool.back(self._kept.pop().state)

    def let_go(self) -> State:
        """Give up the snapshot that saves least."""
        return self._kept.pop(self._least(self._kept[-1].tokens + 1)).state

    def place(self, tokens: int, *, branch: bool, new: Callable[[], State]) -> State | None:
        """Make room behind all others; return what to write into.

        None when there is one of that place already (it may become a branch), or no room at all.
        """
        if self._kept and self._kept[-1].tokens == tokens:
            self._kept[-1].branch |= branch
            return None
        if not self._room:
            return None
        state = None if len(self._kept) == self._room else self._pool.take(self, new)
        if state is None and self._kept:
            state = self._kept.pop(self._least(tokens)).state
        if state is None:
            return None
        self._kept.append(_Kept(tokens, state, branch))
        return state

    def _least(self, end: int) -> int:
        """Index of the one that saves least, for its distance from the end; a branch only after all others."""
        before = [0, *(kept.tokens for kept in self._kept)]

        def worth(index: int) -> tuple[bool, float]:
            kept, last = self._kept[index], before[index]
            return kept.branch, (kept.tokens - last) / (end - last)

        return min(range(len(self._kept)), key=worth)

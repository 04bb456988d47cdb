"""What one sequence has left in its slot, by kind, and the way back to an earlier token of it.

Attention (kind kv) appends a row a token and is told how many rows to see: going back is seeing fewer. Recurrent kinds
(conv, ssm) hold one state, replaced at every run, and attention over a window lets go of old rows once its buffer is
full: going back is putting a copy there that was taken on the way. Knows buffers and token counts; does not know
onnxruntime, nor which tokens they were (`runtime.engine.prefix` does).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from models.manifest import CacheSpec, Manifest, TensorSpec
from runtime.engine.arena import Arena, State
from runtime.engine.snapshots import Pool, Ring

_CAPACITY: Final = "capacity"
"""Name of the axis along which a cache grows by a row a token."""
_ROWS: Final = 2
"""That axis, whether it has the name or a number."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What does not stay as it was after `tokens` tokens; rows that attention appends do, and are not copied."""

    tokens: int
    states: tuple[State, ...]

    @property
    def nbytes(self) -> int:
        """Memory that it takes."""
        return sum(state.nbytes for state in self.states)


@dataclass(frozen=True, slots=True, eq=False)
class Buffer:
    """Memory that goes in as `past` and comes out as `present`: a run appends to it, or replaces it, in place."""

    past: str
    present: str
    attends: bool
    """Whether axis 2 has a row a token, until it is full."""
    grows: bool
    """Whether it is never full before the context is."""
    array: State

    def pieces(self, array: State, tokens: int) -> Iterator[State]:
        """What so many tokens leave in such an array, in contiguous memory."""
        if self.attends:
            yield from array[0, :, :tokens]
        else:
            yield array


class Cache:
    """The buffers of one slot, how many tokens they hold, and the snapshots kept on the way there."""

    def __init__(
        self,
        manifest: Manifest,
        arenas: Sequence[Arena],
        row: int,
        *,
        snapshots: int,
        pool: Pool[tuple[State, ...]],
    ) -> None:
        """Live in that row of the manifest's `arenas_of`; keep at most so many snapshots, in the memory of a pool."""
        pairs = [pair for spec in manifest.caches for pair in _pairs(spec)]
        self._memory = [(arena, row) for arena in arenas]
        self.buffers = tuple(
            Buffer(past.name, present.name, attends, _CAPACITY in past.shape, arena.array[row : row + 1])
            for (past, present, attends), arena in zip(pairs, arenas, strict=True)
        )
        self.tokens = 0
        """Tokens the buffers hold."""
        self._reached = 0
        self._states = tuple(buffer.array for buffer in self.buffers if not buffer.grows)
        self._full = min((_until_full(spec, manifest.context_length) for spec in manifest.caches), default=0)
        self._kept = Ring(snapshots, pool)

    @property
    def forgetful(self) -> bool:
        """Whether going back needs a snapshot, at least from where a window has moved on."""
        return bool(self._states)

    @property
    def spare(self) -> bool:
        """Whether a token can be written behind what is held, and nobody will know."""
        return not self.forgetful and self.tokens < self._full

    @property
    def resident(self) -> int:
        """Tokens whose memory is taken: the most that were held since any was given back."""
        return self._reached

    def moved_on(self, tokens: int) -> None:
        """Know that a run has appended so many tokens."""
        self._arrived(self.tokens + tokens)

    def give_back(self) -> None:
        """Return to the system the memory of what is no longer held."""
        for buffer, (arena, row) in zip(self.buffers, self._memory, strict=True):
            if buffer.grows:
                arena.give_back(row, self.tokens)
        self._reached = self.tokens

    def _arrived(self, tokens: int) -> None:
        self.tokens = tokens
        self._reached = max(self._reached, tokens)

    @property
    def _whole(self) -> bool:
        """Whether nothing has been let go of yet."""
        return self.tokens <= self._full

    def reaches(self, tokens: int) -> int:
        """The most tokens, up to `tokens`, that `trim` can leave."""
        if self._whole or self.tokens <= tokens:
            return min(tokens, self.tokens)
        return self._kept.nearest(tokens)

    def trim(self, tokens: int) -> int:
        """Go back to `tokens` tokens, or to the nearest snapshot before; return how many are left.

        The rest has to be run again. What lies behind is forgotten, snapshots included.
        """
        left = self.reaches(tokens)
        if left < self.tokens and not self._whole:
            self._put(self._kept.at(left))
        self.tokens = left
        self._kept.forget_after(left)
        return left

    def forget(self) -> None:
        """Go back to no tokens: a run that failed may have left anything in the buffers."""
        self._put(None)
        self.tokens = 0
        self._kept.forget_after(0)

    def appends(self, tokens: int) -> bool:
        """Whether so many more tokens will only be appended, so that `trim` goes back from them to any place."""
        return self.tokens + tokens <= self._full

    def snapshot(self, over: Snapshot | None = None) -> Snapshot:
        """A copy of all that will not stay as it is now, the caller's to keep; in the memory of one needed no more."""
        states = self._blank() if over is None else over.states
        for to, state in zip(states, self._states, strict=True):
            np.copyto(to, state)
        return Snapshot(self.tokens, states)

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot of this cache, whose first tokens are still those it was taken after.

        Raises:
            RuntimeError: it lies ahead; rows of attention that were trimmed may since have been written over.
        """
        if snapshot.tokens > self.tokens:
            raise RuntimeError(f"a snapshot of {snapshot.tokens} tokens cannot restore {self.tokens}")
        self._put(snapshot.states)
        self.tokens = snapshot.tokens
        self._kept.forget_after(snapshot.tokens)

    def keep(self, *, branch: bool = False) -> None:
        """Keep a snapshot of now to come back to; `branch` says that other prompts have left here."""
        if not self._states or not self.tokens:
            return
        copy = self._kept.place(self.tokens, branch=branch, new=self._blank)
        if copy is not None:
            for to, state in zip(copy, self._states, strict=True):
                np.copyto(to, state)

    def adopt(self, other: Self, tokens: int) -> int:
        """Become a copy of the other's first `tokens` tokens, or of fewer as `trim` does; return how many."""
        left = other.reaches(tokens)
        for mine, theirs in zip(self.buffers, other.buffers, strict=True):
            if mine.grows:
                mine.array[:, :, :left] = theirs.array[:, :, :left]
        self._put(other._states if other._whole or left == other.tokens else other._kept.at(left))
        self._kept.forget_after(0)
        self._arrived(left)
        self.keep(branch=True)
        return left

    def pieces(self, tokens: int) -> Iterator[State]:
        """The memory, contiguous piece by piece, in which the first `tokens` tokens leave what they do.

        Whoever fills it says so by `arrive`.
        """
        for buffer in self.buffers:
            yield from buffer.pieces(buffer.array, tokens)

    def arrive(self, tokens: int) -> None:
        """Know that `pieces` were filled with what so many tokens leave, and keep that place."""
        self._kept.forget_after(0)
        self._arrived(tokens)
        self.keep(branch=True)

    def copy(self, tokens: int) -> tuple[State, ...] | None:
        """What belongs into `pieces`, the caller's to keep; None when it cannot go back to exactly so many tokens."""
        if self.reaches(tokens) != tokens:
            return None
        states = iter(self._states if self._whole or tokens == self.tokens else self._kept.at(tokens) or ())
        return tuple(
            piece.copy()
            for buffer in self.buffers
            for piece in buffer.pieces(buffer.array if buffer.grows else next(states), tokens)
        )

    def _blank(self) -> tuple[State, ...]:
        return tuple(np.empty_like(state) for state in self._states)

    def _put(self, states: tuple[State, ...] | None) -> None:
        """Make the states those, or what they are before the first token."""
        for index, state in enumerate(self._states):
            np.copyto(state, 0 if states is None else states[index])


def arenas_of(manifest: Manifest, rows: int) -> tuple[Arena, ...]:
    """Memory for so many caches of a model beside each other, in the order of the manifest's tensors."""
    sizes = {"batch": rows, _CAPACITY: manifest.context_length}
    return tuple(
        Arena(tuple(axis if isinstance(axis, int) else sizes[axis] for axis in past.shape), past.dtype)
        for spec in manifest.caches
        for past, _, _ in _pairs(spec)
    )


def snapshot_size(arenas: Sequence[Arena], manifest: Manifest) -> int:
    """Bytes of a snapshot of one row; 0 for a model that needs none."""
    pasts = [past for spec in manifest.caches for past, _, _ in _pairs(spec)]
    return sum(
        arena.array[0].nbytes
        for past, arena in zip(pasts, arenas, strict=True)
        if _CAPACITY not in past.shape
    )


def bytes_per_token(manifest: Manifest) -> int:
    """What each token adds to a cache; 0 for a model whose state does not grow."""
    grows = [past for spec in manifest.caches for past in spec.past if _CAPACITY in past.shape]
    return sum(
        math.prod(axis for axis in past.shape if isinstance(axis, int)) * np.dtype(past.dtype).itemsize
        for past in grows
    )


def _pairs(spec: CacheSpec) -> Iterator[tuple[TensorSpec, TensorSpec, bool]]:
    """What goes in, what comes out, and whether it attends."""
    for past, present in zip(spec.past, spec.present, strict=True):
        yield past, present, spec.kind == "kv"


def _until_full(spec: CacheSpec, context: int) -> int:
    """Tokens until a run forgets something: none for a state, a window's rows, the context for what grows."""
    if spec.kind != "kv":
        return 0
    return min(rows if isinstance(rows := past.shape[_ROWS], int) else context for past in spec.past)

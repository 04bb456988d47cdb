"""What one sequence has left in its slot, by kind, and the way back to an earlier token of it.

Attention (kind kv) appends a row a token and is told how many rows to see: going back is seeing fewer. Recurrent kinds
(conv, ssm) hold one state, replaced at every run, and attention over a window lets go of old rows once its buffer is
full: going back is putting a copy there that was taken on the way. Knows buffers and token counts; does not know
onnxruntime, nor which tokens they were (`runtime.engine.prefix` does).
"""

import math
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from models.manifest import CacheSpec, Manifest, TensorSpec
from runtime.engine.snapshots import Ring

_CAPACITY: Final = "capacity"
"""Name of the axis along which a cache grows by a row a token."""
_ROWS: Final = 2
"""That axis, whether it has the name or a number."""

State = NDArray[np.generic]


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What does not stay as it was after `tokens` tokens; rows that attention appends do, and are not copied."""

    tokens: int
    states: tuple[State, ...]


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

    def __init__(self, manifest: Manifest, *, snapshots: int = 0, snapshot_bytes: int = 0) -> None:
        """At most so many snapshots are kept, and so many bytes of them."""
        self.buffers = tuple(
            Buffer(
                past.name,
                present.name,
                attends=spec.kind == "kv",
                grows=_CAPACITY in past.shape,
                array=_lazy_zeros(past, manifest.context_length),
            )
            for spec in manifest.caches
            for past, present in zip(spec.past, spec.present, strict=True)
        )
        self.tokens = 0
        """Tokens the buffers hold; whoever runs the graph on them moves this on."""
        self._states = tuple(buffer.array for buffer in self.buffers if not buffer.grows)
        self._full = min((_until_full(spec, manifest.context_length) for spec in manifest.caches), default=0)
        size = sum(state.nbytes for state in self._states)
        self._kept: Ring[tuple[State, ...]] = Ring(min(snapshots, snapshot_bytes // size) if size else 0)

    @property
    def forgetful(self) -> bool:
        """Whether going back needs a snapshot, at least from where a window has moved on."""
        return bool(self._states)

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

    def snapshot(self) -> Snapshot:
        """A copy of all that will not stay as it is now, the caller's to keep."""
        return Snapshot(self.tokens, tuple(state.copy() for state in self._states))

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
        self.tokens = left
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
        self.tokens = tokens
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


def _until_full(spec: CacheSpec, context: int) -> int:
    """Tokens until a run forgets something: none for a state, a window's rows, the context for what grows."""
    if spec.kind != "kv":
        return 0
    return min(rows if isinstance(rows := past.shape[_ROWS], int) else context for past in spec.past)


def _lazy_zeros(spec: TensorSpec, capacity: int) -> State:
    """A zeroed buffer whose memory is taken page by page as it is written.

    Not `np.zeros`: numpy asks for huge pages, and one token in each head would then take the whole context's memory.
    """
    sizes = {"batch": 1, _CAPACITY: capacity}
    shape = tuple(axis if isinstance(axis, int) else sizes[axis] for axis in spec.shape)
    dtype = np.dtype(spec.dtype)
    size = math.prod(shape) * dtype.itemsize
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    return np.frombuffer(memory, dtype=dtype).reshape(shape)

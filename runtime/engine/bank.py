"""Slots: where sequences are computed, each in a cache of its own, and neighbours in one run.

Knows how caches are bound to the graph's inputs and outputs, and how a chunk of one sequence or a step of several is
run. Does not know what the tokens mean, which come next, or who asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from runtime.engine.cache import Cache, arenas_of, snapshot_size
from runtime.engine.session import Bound, Session
from runtime.engine.snapshots import Pool
from runtime.errors import EngineError

if TYPE_CHECKING:
    from runtime.engine.arena import State

LOGITS: Final = "logits"
SCORES: Final = "scores"
_FIRST: Final = np.zeros(1, dtype=np.int64)
"""The place of the only token of a step."""
_NONE: Final = np.zeros(0, dtype=np.int64)
_ALL: Final[Mapping[int, Sequence[int]]] = {}
_NEVER: Final = np.float32(-np.inf)


class Bank:
    """Slots beside each other; memory is touched only where it is used."""

    def __init__(self, session: Session, count: int, *, snapshots: int = 0, snapshot_bytes: int = 0) -> None:
        """Each slot is as long as the context.

        Of what does not stay as it is, each keeps at most so many snapshots, and all together so many bytes of them.
        """
        self._session = session
        self.vocabulary = session.manifest.vocabulary_size
        self._arenas = arenas_of(session.manifest, count)
        self._ids = np.zeros((count, 1), dtype=np.int64)
        self._seqlens = np.zeros(count, dtype=np.int32)
        self._total = np.zeros((), dtype=np.int32)
        self._logits = np.zeros((count, 1, self.vocabulary), dtype=np.float32)
        self._steps: dict[range, Bound] = {}
        self._choices: dict[range, Bound] = {}
        self.picks = any(spec.name == SCORES for spec in session.manifest.outputs)
        """Whether the graph can compute the logits of few ids alone; those built before it was thought of cannot."""
        size = snapshot_size(self._arenas, session.manifest)
        pool: Pool[tuple[State, ...]] = Pool(snapshot_bytes // size if size else 0)
        caches = [
            Cache(session.manifest, self._arenas, row, snapshots=snapshots, pool=pool) for row in range(count)
        ]
        self.slots = tuple(Slot(self, row, cache) for row, cache in enumerate(caches))
        self.run_seconds = 0.0
        """Time spent inside onnxruntime since this bank was made."""

    def neighbours(self, rows: Iterable[int]) -> list[range]:
        """Slots that are best stepped together, for those that are to take a step.

        One slot between two others is taken along, where that leaves no trace: it costs less than another run. Its
        token is written behind what its cache holds, where its own next run writes; so it may be reading a prompt.
        """
        found: list[range] = []
        for row in sorted(rows):
            last = found[-1] if found else range(0)
            if last and (row == last.stop or (row == last.stop + 1 and self.slots[last.stop].cache.spare)):
                found[-1] = range(last.start, row + 1)
            else:
                found.append(range(row, row + 1))
        return found

    def step(
        self, rows: range, tokens: Mapping[int, int], among: Mapping[int, Sequence[int]] = _ALL
    ) -> dict[int, NDArray[np.float32]]:
        """Append a token to each slot of `rows` that has one, in one run.

        Returns the logits [V] of each, valid (and free to be changed) until its next step. A slot that has ids in
        `among` gets theirs alone, the rest being -inf, where the graph can do so.

        Raises:
            EngineError: onnxruntime failed; the caches of these slots then hold nothing.
        """
        few = {row: np.array(ids, dtype=np.int64) for row, ids in among.items() if len(ids) and self.picks}
        bounds = self._choices if few else self._steps
        beside = slice(rows.start, rows.stop)
        bound = bounds.get(rows)
        if bound is None:
            bound = bounds[rows] = self.bind(rows, self._ids[beside], _FIRST, self._logits[beside])
        candidates = np.unique(np.concatenate([*few.values()])) if few else _NONE
        scores = np.empty((len(rows), 1, len(candidates)), dtype=np.float32)
        if few:
            asked = _NONE if few.keys() >= tokens.keys() else _FIRST
            self.ask(bound, asked, self._logits[beside, : len(asked)], _FIRST, candidates, scores)
        for row in rows:
            self._ids[row, 0] = tokens.get(row, 0)
        self.run(bound, rows, 1)
        for row in tokens:
            self.slots[row].cache.moved_on(1)
        for row, ids in few.items():
            self._logits[row, 0] = _NEVER
            self._logits[row, 0, ids] = scores[row - rows.start, 0, np.searchsorted(candidates, ids)]
        return {row: self._logits[row, 0] for row in tokens}

    def ask(
        self,
        bound: Bound,
        asked: NDArray[np.int64],
        logits: NDArray[np.float32],
        scored: NDArray[np.int64] = _NONE,
        candidates: NDArray[np.int64] = _NONE,
        scores: NDArray[np.float32] | None = None,
    ) -> None:
        """Bind which logits are wanted: [rows, asked, V] of all ids, [rows, scored, candidates] of few."""
        bound.read("logit_positions", asked)
        bound.write(LOGITS, logits)
        if self.picks:
            bound.read("score_positions", scored)
            bound.read("candidates", candidates)
            nothing = np.empty((len(logits), len(scored), len(candidates)), dtype=np.float32)
            bound.write(SCORES, nothing if scores is None else scores)

    def bind(
        self, rows: range, ids: NDArray[np.int64], asked: NDArray[np.int64], logits: NDArray[np.float32]
    ) -> Bound:
        """The graph over the caches of these slots, ids [rows, n] and logits [rows, asked, V]."""
        beside = slice(rows.start, rows.stop)
        inputs: dict[str, State] = {
            "input_ids": ids,
            "seqlens_k": self._seqlens[beside],
            "total_sequence_length": self._total,
        }
        outputs: dict[str, State] = {}
        for arena, buffer in zip(self._arenas, self.slots[0].cache.buffers, strict=True):
            inputs[buffer.past] = outputs[buffer.present] = arena.array[beside]
        bound = self._session.bind(inputs, outputs)
        self.ask(bound, asked, logits)
        return bound

    def run(self, bound: Bound, rows: range, count: int) -> None:
        """Run what was bound for these slots, `count` tokens behind what each holds. The caches are not told.

        Raises:
            EngineError: as `step`.
        """
        held = [self.slots[row].cache.tokens for row in rows]
        for row, tokens in zip(rows, held, strict=True):
            self._seqlens[row] = tokens + count - 1
        self._total[()] = max(held) + count
        try:
            self.run_seconds += bound.run()
        except EngineError:
            for row in rows:
                self.slots[row].cache.forget()
            raise


class Slot:
    """One sequence's cache, and the ways to append to it."""

    def __init__(self, bank: Bank, row: int, cache: Cache) -> None:
        self._bank = bank
        self._rows = range(row, row + 1)
        self._bound: Bound | None = None
        self.row = row
        self.cache = cache

    @property
    def run_seconds(self) -> float:
        """Time spent inside onnxruntime so far, for whatever slot."""
        return self._bank.run_seconds

    def prefill(
        self, ids: NDArray[np.int64], *, asked: NDArray[np.int64], among: Sequence[int] = ()
    ) -> NDArray[np.float32]:
        """Append ids [n] behind what the cache holds; return logits [len(asked), V] at those places of the chunk.

        With nothing asked the head is not computed at all. With `among` the logits are those of its ids alone, the
        rest being -inf, where the graph can do so.

        Raises:
            EngineError: onnxruntime failed; the cache then holds nothing.
        """
        together, bank = ids.reshape(1, -1), self._bank
        few = np.array(among if bank.picks else (), dtype=np.int64)
        scored = asked if len(few) else _NONE
        whole = _NONE if len(few) else asked
        logits = np.empty((1, len(whole), bank.vocabulary), dtype=np.float32)
        scores = np.empty((1, len(scored), len(few)), dtype=np.float32)
        if self._bound is None:
            self._bound = bank.bind(self._rows, together, whole, logits)
        self._bound.read("input_ids", together)
        bank.ask(self._bound, whole, logits, scored, few, scores)
        bank.run(self._bound, self._rows, len(ids))
        self.cache.moved_on(len(ids))
        rows: NDArray[np.float32] = logits[0]
        if len(few):
            rows = np.full((len(asked), bank.vocabulary), _NEVER)
            rows[:, few] = scores[0]
        return rows

    def step(self, token: int) -> NDArray[np.float32]:
        """Append one token; return its logits [V], valid (and free to be changed) until the next step.

        Raises:
            EngineError: as `prefill`.
        """
        return self._bank.step(self._rows, {self.row: token})[self.row]


def new_slot(session: Session, *, snapshots: int = 0, snapshot_bytes: int = 0) -> Slot:
    """A slot by itself."""
    return Bank(session, 1, snapshots=snapshots, snapshot_bytes=snapshot_bytes).slots[0]

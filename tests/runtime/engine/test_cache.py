"""Caches of every kind, over a real graph: whatever was done before, the logits are those of a fresh slot."""

from dataclasses import dataclass, field
from itertools import accumulate
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from numpy.typing import NDArray

from runtime.engine.bank import Slot, new_slot
from runtime.engine.cache import Snapshot
from runtime.engine.session import Session
from runtime.errors import EngineError
from tests.support.hybrid import VOCABULARY, hybrid_bundle
from tests.support.tiny import tiny_bundle

TOKENS = st.integers(0, VOCABULARY - 1)
WHICH = st.integers(0, 1)
CHUNKS = st.lists(TOKENS, min_size=2, max_size=12)
"""Of two tokens or more: those are bit for bit the same however a prompt is cut."""
STEP_TOLERANCE = 1e-4
"""Between a step and a chunk, whose matrix products differ in the order of their sums; logits are of about 3."""
ROUNDED = 0.05
"""The same where keys and values are rounded to eight bits: a last digit may tip one to the next level."""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    path = tmp_path_factory.mktemp("hybrid") / "b"
    return Session(path, hybrid_bundle(path), threads=1)


@pytest.fixture(scope="module")
def session8(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Keys and values in eight bits."""
    path = tmp_path_factory.mktemp("hybrid8") / "b"
    return Session(path, hybrid_bundle(path, "int8"), threads=1)


@pytest.fixture(scope="module")
def windowed8(tmp_path_factory: pytest.TempPathFactory) -> Session:
    path = tmp_path_factory.mktemp("windowed8") / "b"
    return Session(path, tiny_bundle(path, variant="gemma3", kv="int8"), threads=1)


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory) -> Session:
    path = tmp_path_factory.mktemp("dense") / "b"
    return Session(path, tiny_bundle(path), threads=1)


@pytest.fixture(scope="module")
def windowed(tmp_path_factory: pytest.TempPathFactory) -> Session:
    path = tmp_path_factory.mktemp("windowed") / "b"
    return Session(path, tiny_bundle(path, variant="gemma3"), threads=1)


def append(slot: Slot, ids: list[int]) -> NDArray[np.float32]:
    """Run a chunk, or a step when it is one token; the logits of its last token."""
    if len(ids) == 1:
        return slot.step(ids[0]).copy()
    row: NDArray[np.float32] = slot.prefill(np.array(ids), asked=np.array([len(ids) - 1]))[0]
    return row


def random_ids(count: int, seed: int = 0) -> list[int]:
    found: list[int] = np.random.default_rng(seed).integers(0, VOCABULARY, count).tolist()
    return found


@dataclass
class Taken:
    """A snapshot, and what had been run by then."""

    snapshot: Snapshot
    chunks: list[list[int]]


@dataclass
class Line:
    """A slot, and the chunks that a fresh one would have to run to be where it is."""

    slot: Slot
    chunks: list[list[int]] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)

    @property
    def ends(self) -> list[int]:
        return list(accumulate(map(len, self.chunks), initial=0))

    def cut(self, tokens: int) -> None:
        while (over := self.ends[-1] - tokens) > 0:
            last = self.chunks.pop()
            if over < len(last):
                self.chunks.append(last[:-over])


class Machine(RuleBasedStateMachine):
    """Two slots that run, keep, trim, restore and copy as hypothesis likes, and go on from there."""

    session: ClassVar[Session]
    tolerance: ClassVar[float]

    @initialize(room=st.integers(1, 4), chunks=st.lists(CHUNKS, min_size=3, max_size=8))
    def begin(self, room: int, chunks: list[list[int]]) -> None:
        slots = [new_slot(self.session, snapshots=room, snapshot_bytes=1 << 20) for _ in range(2)]
        self.lines = [Line(slot) for slot in slots]
        self.prefill(0, chunks)

    @rule(which=WHICH, chunks=st.lists(CHUNKS, min_size=1, max_size=4))
    def prefill(self, which: int, chunks: list[list[int]]) -> None:
        for ids in chunks:
            self.run(self.lines[which], ids)
            self.lines[which].slot.cache.keep()

    @rule(which=WHICH, token=TOKENS, branch=st.booleans())
    def step(self, which: int, token: int, branch: bool) -> None:  # noqa: FBT001  hypothesis passes by name
        self.run(self.lines[which], [token])
        self.lines[which].slot.cache.keep(branch=branch)

    def run(self, line: Line, ids: list[int]) -> None:
        if line.ends[-1] + len(ids) > self.session.manifest.context_length:
            return
        found = append(line.slot, ids)
        line.chunks.append(ids)
        fresh = new_slot(self.session)
        for chunk in line.chunks:
            expected = append(fresh, chunk)
        np.testing.assert_allclose(found, expected, rtol=0, atol=self.tolerance)

    @rule(which=WHICH, back=st.integers(0, 40), ids=CHUNKS)
    def trim(self, which: int, back: int, ids: list[int]) -> None:
        line = self.lines[which]
        wanted = max(0, line.ends[-1] - back)
        left = line.slot.cache.trim(wanted)
        assert left <= wanted
        line.cut(left)
        self.run(line, ids)

    @rule(which=WHICH, back=st.integers(0, 40), ids=CHUNKS)
    def adopt(self, which: int, back: int, ids: list[int]) -> None:
        line, other = self.lines[which], self.lines[1 - which]
        left = line.slot.cache.adopt(other.slot.cache, max(0, other.ends[-1] - back))
        line.chunks, line.taken = list(other.chunks), []
        line.cut(left)
        self.run(line, ids)

    @rule(which=WHICH)
    def snapshot(self, which: int) -> None:
        line = self.lines[which]
        line.taken.append(Taken(line.slot.cache.snapshot(), list(line.chunks)))

    @rule(which=WHICH, data=st.data(), ids=CHUNKS)
    def restore(self, which: int, data: st.DataObject, ids: list[int]) -> None:
        line = self.lines[which]
        line.taken = [taken for taken in line.taken if line.chunks[: len(taken.chunks)] == taken.chunks]
        if line.taken:
            taken = data.draw(st.sampled_from(line.taken))
            line.slot.cache.restore(taken.snapshot)
            line.chunks = list(taken.chunks)
            self.run(line, ids)

    @invariant()
    def counted(self) -> None:
        for line in self.lines:
            assert line.slot.cache.tokens == line.ends[-1]


@pytest.mark.parametrize(
    ("kinds", "atol"),
    [
        ("session", 0.0),
        ("windowed", STEP_TOLERANCE),
        ("session8", 0.0),
        ("windowed8", ROUNDED),
    ],  # a window that is whole is cut within a chunk
)
def test_any_history_gives_the_logits_of_a_fresh_slot(
    kinds: str, atol: float, request: pytest.FixtureRequest
) -> None:
    class Bound(Machine):
        session = request.getfixturevalue(kinds)
        tolerance = atol

    run_state_machine_as_test(Bound, settings=settings(max_examples=50, stateful_step_count=15))


def test_steps_and_chunks_agree_within_the_tolerance(session: Session) -> None:
    ids = random_ids(60)
    chunked, stepped = append(new_slot(session), ids), new_slot(session)
    for token in ids:
        row = append(stepped, [token])
    assert 0 < np.abs(row - chunked).max() < STEP_TOLERANCE


def test_what_came_before_matters(session: Session) -> None:
    """Or the rest of this file would pass with states that are never restored."""
    ids = random_ids(20)
    whole, rest = new_slot(session), new_slot(session)
    append(whole, ids[:10])
    assert np.abs(append(whole, ids[10:]) - append(rest, ids[10:])).max() > 1


def test_trim_of_recurrent_states_goes_to_the_last_snapshot(session: Session) -> None:
    slot = new_slot(session, snapshots=2, snapshot_bytes=1 << 20)
    cache = slot.cache
    assert cache.forgetful
    for count in (10, 10, 10):
        append(slot, random_ids(count))
        cache.keep()
    append(slot, random_ids(5))
    assert [cache.reaches(n) for n in (40, 35, 34, 30, 29, 19)] == [35, 35, 30, 30, 20, 0]
    assert cache.trim(29) == cache.tokens == 20
    append(slot, random_ids(15))
    assert cache.reaches(34) == 20, "what lay behind is of other tokens now"
    assert cache.trim(3) == 0


def test_attention_alone_is_trimmed_to_the_token(dense: Session) -> None:
    slot = new_slot(dense)
    assert not slot.cache.forgetful
    append(slot, random_ids(12))
    assert slot.cache.reaches(7) == slot.cache.trim(7) == 7
    other = new_slot(dense)
    assert other.cache.adopt(slot.cache, 9) == 7
    np.testing.assert_array_equal(append(other, [1, 2]), append(slot, [1, 2]))


def test_a_window_is_trimmed_freely_until_it_has_moved_on(windowed: Session) -> None:
    rows = min(
        past.shape[2]
        for spec in windowed.manifest.caches
        for past in spec.past
        if past.shape[2] != "capacity"
    )
    assert rows == 12
    slot = new_slot(windowed, snapshots=2, snapshot_bytes=1 << 20)
    append(slot, random_ids(rows))
    assert slot.cache.trim(7) == 7
    slot.cache.keep()
    append(slot, random_ids(rows))
    assert [slot.cache.reaches(n) for n in (19, 18, 7, 6)] == [19, 7, 7, 0]
    fresh = new_slot(windowed)
    append(fresh, random_ids(rows)[:7])
    slot.cache.trim(18)
    more = random_ids(30, seed=3)
    np.testing.assert_allclose(append(slot, more), append(fresh, more), rtol=0, atol=STEP_TOLERANCE)


def test_the_bound_in_bytes_holds(session: Session) -> None:
    size = new_slot(session).cache.snapshot().nbytes
    for most, expected in ((size - 1, 0), (size, 1), (3 * size, 3)):
        slot = new_slot(session, snapshots=16, snapshot_bytes=most)
        reached = 0
        for _ in range(6):
            append(slot, [1, 2])
            slot.cache.keep()
        append(slot, [1, 2])
        reached = len({slot.cache.reaches(n) for n in range(1, 13)} - {0})
        assert reached == expected


def test_a_snapshot_ahead_is_refused(session: Session) -> None:
    slot = new_slot(session)
    append(slot, [1, 2, 3])
    ahead = slot.cache.snapshot()
    slot.cache.trim(0)
    with pytest.raises(RuntimeError, match="3 tokens cannot restore 0"):
        slot.cache.restore(ahead)


def test_a_run_that_fails_leaves_nothing_to_go_on_from(session: Session) -> None:
    slot = new_slot(session, snapshots=4, snapshot_bytes=1 << 20)
    append(slot, [1, 2, 3])
    slot.cache.keep()
    with pytest.raises(EngineError):
        slot.prefill(np.array([VOCABULARY, 1]), asked=np.array([1]))
    assert slot.cache.tokens == slot.cache.reaches(3) == 0
    np.testing.assert_array_equal(append(slot, [4, 5]), append(new_slot(session), [4, 5]))

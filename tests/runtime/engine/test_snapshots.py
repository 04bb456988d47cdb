"""Which snapshots are kept, and where they are taken."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from runtime.engine.snapshots import TURN_TOKENS, Pool, Ring, cuts, marks

COUNTS = st.integers(0, 300)


@given(COUNTS, COUNTS, COUNTS, COUNTS, st.integers(1, 64))
def test_chunks_cover_the_prompt_and_stop_at_each_mark(
    cached: int, shared: int, total: int, stable: int, chunk: int
) -> None:
    total = max(total, cached + 1)
    places = marks(cached, shared, total, stable)
    ends = list(cuts(cached, total, chunk, places))
    assert ends[-1] == total
    assert set(places) <= set(ends)
    assert all(0 < end - start <= chunk for start, end in pairwise([cached, *ends]))
    assert all(cached + TURN_TOKENS <= place <= total - 2 for place in places)
    assert all(later - place >= TURN_TOKENS for place, later in pairwise(places))
    if chunk > 2:
        lone = [end for start, end in pairwise([cached, *ends]) if end - start == 1]
        assert lone == [total] * (total - cached == 1), "a token is run alone where it is all there is"


def test_the_end_of_the_last_message_and_the_branch_are_marked() -> None:
    assert marks(0, 40, 100) == (40, 100 - TURN_TOKENS)
    assert marks(0, 99, 100) == (100 - TURN_TOKENS,), "the same prompt again is no branch"
    assert marks(38, 40, 100) == (100 - TURN_TOKENS,), "two tokens are not worth a chunk"
    assert marks(95, 95, 100) == ()


def test_where_the_system_prompt_ends_comes_first() -> None:
    assert marks(0, 60, 100, 40) == (40, 60, 100 - TURN_TOKENS)
    assert marks(0, 43, 100, 40) == (40, 100 - TURN_TOKENS), "words in common by chance"
    assert marks(40, 43, 100, 40) == (100 - TURN_TOKENS,), "it is there"
    assert marks(0, 0, 100, 96) == (96,), "a short question; the next turn comes back here as well"
    assert marks(0, 0, 100, 99) == (100 - TURN_TOKENS,)


@given(
    st.integers(0, 6), st.lists(st.tuples(st.integers(1, 50), st.booleans(), st.integers(0, 9)), max_size=40)
)
def test_a_ring_is_bounded_in_order_and_uses_memory_again(
    room: int, steps: list[tuple[int, bool, int]]
) -> None:
    made = 0

    def new() -> list[int]:
        nonlocal made
        made += 1
        return []

    ring: Ring[list[int]] = Ring(room, Pool(room))
    tokens = 0
    for advance, branch, back in steps:
        if back > 7 and tokens:
            tokens = ring.nearest(tokens // 2)
            ring.forget_after(tokens)
        tokens += advance
        state = ring.place(tokens, branch=branch, new=new)
        assert (state is None) == (room == 0)
        if state is not None:
            state[:] = [tokens]
            assert ring.nearest(tokens) == tokens, "the newest is always taken"
    assert made <= room
    assert len(ring.places) <= room
    assert list(ring.places) == sorted(set(ring.places))
    assert all(ring.at(place) == [place] for place in ring.places)
    assert ring.at(tokens + 1) is None


def test_a_full_ring_thins_out_with_distance_and_keeps_branches() -> None:
    ring: Ring[int] = Ring(5, Pool(5))
    for tokens in range(256, 8193, 256):
        ring.place(tokens, branch=tokens == 512, new=int)
    places = ring.places
    assert places[0] == 512, "where another prompt left goes last"
    assert places[-1] == 8192
    gaps = [8192 - place for place in places[1:-1]]
    assert gaps == sorted(gaps, reverse=True)
    assert gaps[0] > 2 * gaps[-1], "near the end closer than far from it"


def test_of_several_branches_the_one_that_saves_most_stays() -> None:
    ring: Ring[int] = Ring(3, Pool(3))
    for tokens in (600, 605, 700, 800):
        ring.place(tokens, branch=True, new=int)
    assert ring.places == (600, 700, 800)


def test_a_snapshot_there_already_becomes_a_branch() -> None:
    ring: Ring[int] = Ring(2, Pool(2))
    assert ring.place(10, branch=False, new=int) is not None
    assert ring.place(10, branch=True, new=int) is None
    for tokens in (100, 200, 300):
        ring.place(tokens, branch=False, new=int)
    assert ring.places == (10, 300)


@given(
    st.integers(0, 6), st.lists(st.tuples(st.integers(0, 3), st.integers(1, 50), st.booleans()), max_size=60)
)
def test_several_rings_share_what_memory_there_is(total: int, steps: list[tuple[int, int, bool]]) -> None:
    made = 0

    def new() -> list[int]:
        nonlocal made
        made += 1
        return []

    pool: Pool[list[int]] = Pool(total)
    rings: list[Ring[list[int]]] = [Ring(4, pool) for _ in range(4)]
    for which, advance, forget in steps:
        ring = rings[which]
        if forget:
            ring.forget_after(0)
        tokens = (ring.places or (0,))[-1] + advance
        state = ring.place(tokens, branch=False, new=new)
        assert (state is None) == (total == 0), "who has none gets one from who has"
        if state is not None:
            state[:] = [which, tokens]
    assert made <= total
    assert sum(len(ring.places) for ring in rings) <= total
    for which, ring in enumerate(rings):
        assert all(ring.at(place) == [which, place] for place in ring.places), (
            "nobody's memory is another's too"
        )


def test_the_last_of_one_is_not_taken_for_the_second_of_another() -> None:
    pool: Pool[int] = Pool(2)
    one, other = Ring(4, pool), Ring(4, pool)
    for ring in (one, other):
        ring.place(100, branch=False, new=int)
    other.place(200, branch=False, new=int)
    assert (one.places, other.places) == ((100,), (200,))

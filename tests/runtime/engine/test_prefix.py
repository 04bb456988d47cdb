"""Which slot a prompt starts from."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.engine.prefix import PrefixIndex, common_prefix

IDS = st.lists(st.integers(0, 3), max_size=12)


@given(IDS, IDS)
def test_common_prefix_is_the_longest(left: list[int], right: list[int]) -> None:
    n = common_prefix(left, right)
    assert left[:n] == right[:n]
    assert n == min(len(left), len(right)) or left[n] != right[n]


@given(st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=12), max_size=30), st.integers(1, 3))
def test_a_claim_holds_a_prefix_and_leaves_a_token(prompts: list[list[int]], slots: int) -> None:
    index = PrefixIndex(slots)
    for prompt in prompts:
        held, cached = index.claim(prompt)
        assert held.ids == prompt[:cached]
        assert cached < len(prompt)
        held.ids.extend(prompt[cached:])
        index.release(held, sound=True)


def test_the_next_turn_finds_its_own_slot() -> None:
    index = PrefixIndex(2)
    for conversation in ([1, 2, 3], [7, 8, 9]):
        held, _ = index.claim(conversation)
        held.ids[:] = conversation
        index.release(held, sound=True)
    held, cached = index.claim([1, 2, 3, 4])
    assert (held.ids, cached) == ([1, 2, 3], 3)


def test_the_least_recently_used_goes_first() -> None:
    index = PrefixIndex(2)
    for conversation in ([1], [2], [1, 5]):
        held, _ = index.claim(conversation)
        held.ids[:] = conversation
        index.release(held, sound=True)
    held, cached = index.claim([9, 9])
    assert cached == 0
    assert 2 not in [i for other in index._held if other is not held for i in other.ids]


def test_a_half_written_cache_is_forgotten() -> None:
    index = PrefixIndex(1)
    held, _ = index.claim([1, 2, 3])
    held.ids[:] = [1, 2, 3]
    index.release(held, sound=False)
    assert index.claim([1, 2, 3])[1] == 0

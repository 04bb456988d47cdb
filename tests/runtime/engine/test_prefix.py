"""Which slot a prompt starts from."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from runtime.engine.prefix import Claim, PrefixIndex, common_prefix

IDS = st.lists(st.integers(0, 3), max_size=12)


@given(IDS, IDS)
def test_common_prefix_is_the_longest(left: list[int], right: list[int]) -> None:
    n = common_prefix(left, right)
    assert left[:n] == right[:n]
    assert n == min(len(left), len(right)) or left[n] != right[n]


def index_of(slots: int) -> PrefixIndex:
    """Slots that can go back to any token, as attention can."""
    return PrefixIndex([lambda tokens: tokens] * slots)


def run(index: PrefixIndex, prompt: Sequence[int], answer: Sequence[int] = ()) -> Claim:
    """Claim, compute and release; the claim as it was."""
    claim = index.claim(prompt)
    claim.held.ids[:] = [*prompt, *answer]
    index.release(claim.held, sound=True)
    return claim


@given(
    st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=12), max_size=30),
    st.integers(1, 3),
    st.integers(1, 5),
)
def test_a_claim_holds_a_prefix_and_leaves_two_tokens(
    prompts: list[list[int]], slots: int, grain: int
) -> None:
    index = PrefixIndex([lambda tokens: tokens // grain * grain] * slots)
    for prompt in prompts:
        before = [list(held.ids) for held in index._held]
        claim = index.claim(prompt)
        assert claim.held.ids == prompt[: claim.cached] == before[claim.source.index][: claim.cached]
        assert claim.cached <= claim.shared < len(prompt)
        assert claim.cached == max(
            min(common_prefix(ids, prompt), max(0, len(prompt) - 2)) // grain * grain for ids in before
        )
        claim.held.ids.extend(prompt[claim.cached :])
        index.release(claim.held, sound=True)


def test_the_next_turn_finds_its_own_slot() -> None:
    index = index_of(2)
    for conversation in ([1, 2, 3], [7, 8, 9]):
        run(index, conversation)
    claim = index.claim([1, 2, 3, 4, 5])
    assert (claim.held.ids, claim.cached) == ([1, 2, 3], 3)
    assert claim.source is claim.held


def test_a_turn_whose_answer_is_told_otherwise_stays_in_its_slot() -> None:
    index = index_of(2)
    first = run(index, range(100), answer=range(500, 900))
    second = index.claim([*range(97), 1, 1, 1])
    assert (second.held.index, second.source.index, second.cached) == (first.held.index, first.held.index, 97)


def test_another_conversation_with_the_same_beginning_takes_a_copy() -> None:
    index = index_of(2)
    first = run(index, range(100))
    second = index.claim([*range(50), *range(200, 260)])
    assert second.source.index == first.held.index != second.held.index
    assert (second.cached, second.shared) == (50, 50)
    assert first.held.ids == list(range(100)), "the first goes on where it was"


def test_a_copy_can_be_taken_from_a_slot_in_use() -> None:
    index = index_of(2)
    busy = index.claim(range(100))
    busy.held.ids[:] = range(80)
    second = index.claim([*range(50), 7, 8])
    assert (second.source.index, second.cached, index.idle) == (busy.held.index, 50, [])


def test_what_is_short_goes_before_what_is_long() -> None:
    """A command's prompt ends in a few words of its own; a copy would cost a whole chat for them."""
    index = index_of(2)
    chat = run(index, range(1000, 1400))
    command = run(index, [*range(600), *range(700, 720)])
    again = index.claim([*range(600), *range(800, 820)])
    assert again.held.index == again.source.index == command.held.index
    assert len(chat.held.ids) == 400


def test_few_tokens_are_not_worth_a_copy_even_where_there_is_a_free_slot() -> None:
    index = index_of(3)
    first = run(index, [*range(300), *range(700, 720)], answer=range(800, 820))
    again = index.claim([*range(300), *range(900, 920)])
    assert again.held.index == again.source.index == first.held.index
    index.release(again.held, sound=True)
    long = run(index, [*range(300), *range(900, 920)], answer=range(800, 900))
    other = index.claim([*range(300), *range(600, 620)])
    assert other.held.index != long.held.index, "a long answer may well be gone on with"


def test_recurrent_caches_are_compared_by_what_they_reach() -> None:
    index = PrefixIndex([lambda tokens: 0 if tokens < 90 else 90, lambda tokens: min(tokens, 40)])
    for slot, conversation in enumerate(([*range(80), 3, 4], [*range(50), 5, 6])):
        index._held[slot].ids[:] = conversation
        index._held[slot].prompt = len(conversation)
    claim = index.claim(range(85))
    assert (claim.source.index, claim.cached, claim.shared) == (1, 40, 80)


def test_the_least_recently_used_goes_first() -> None:
    index = index_of(2)
    for conversation in ([1], [2], [1, 5]):
        run(index, conversation)
    claim = index.claim([9, 9])
    assert claim.cached == 0
    assert 2 not in [i for other in index._held if other is not claim.held for i in other.ids]


def test_a_half_written_cache_is_forgotten() -> None:
    index = index_of(1)
    claim = index.claim([1, 2, 3])
    claim.held.ids[:] = [1, 2, 3]
    index.release(claim.held, sound=False)
    assert index.claim([1, 2, 3]).cached == 0

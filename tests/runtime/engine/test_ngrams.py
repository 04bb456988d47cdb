"""Guesses come from where the longest end of the text stood before, and from nowhere else."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from runtime.engine.ngrams import Log, Lookup, Match, Trail

SAME = st.lists(st.integers(0, 2), max_size=16)
"""Short enough for every place to be looked at."""
LONG = st.lists(st.integers(0, 3), max_size=300)


def common_end(one: Sequence[int], other: Sequence[int]) -> int:
    length = 0
    while length < min(len(one), len(other)) and one[-1 - length] == other[-1 - length]:
        length += 1
    return length


@given(SAME)
def test_the_longest_end_that_stood_before_is_found(text: list[int]) -> None:
    lengths = {place: common_end(text[:place], text) for place in range(1, len(text))}
    longest = max(lengths.values(), default=0)
    found = Trail(text).find(text)
    if longest < 2:
        assert found is None
        return
    places = [place for place, length in lengths.items() if length == longest]
    nexts = [text[place] for place in places]
    assert found is not None
    assert found.length == longest
    assert found.place in places
    assert nexts.count(text[found.place]) == max(map(nexts.count, nexts))
    assert found.place == max(place for place in places if text[place] == text[found.place])


@given(LONG, LONG)
def test_a_match_is_one_after_every_token(prompt: list[int], answer: list[int]) -> None:
    text = Trail(prompt)
    lookup = Lookup(text)
    for token in answer:
        text.append(token)
        lookup.accept(token)
        if (match := lookup._match) is not None:
            said = list(text.tokens)
            assert 2 <= match.length <= common_end(said[: match.place], said)
            assert lookup.guess == said[match.place]
            assert lookup.propose(1) == (lookup.guess,)


@given(LONG, st.integers(0, 40))
def test_a_proposal_is_what_stands_there_and_goes_round(text: list[int], most: int) -> None:
    trail = Trail(text)
    lookup = Lookup(trail)
    drafted = lookup.propose(most)
    assert len(drafted) == (most if lookup.length else 0)
    assert lookup._match is None or [*text, *drafted][lookup._match.place :][:most] == list(drafted)


def test_a_loop_goes_on() -> None:
    assert Lookup(Trail([9, 1, 2, 3, 1, 2])).propose(7) == (3, 1, 2, 3, 1, 2, 3)


def test_what_came_next_most_often_is_guessed_and_the_longest_match_decides_first() -> None:
    assert Lookup(Trail([1, 2, 5, 1, 2, 5, 1, 2, 7, 1, 2])).propose(1) == (5,)
    assert Lookup(Trail([3, 1, 2, 7, 4, 1, 2, 5, 6, 1, 2, 5, 3, 1, 2])).propose(1) == (7,)


def test_many_equal_pairs_take_no_more_time_than_a_few() -> None:
    """The sixteen latest places are looked at, whatever stood before."""
    text = [8, 1, 2, 9] + [7, 1, 2, 5] * 100 + [8, 1, 2]
    assert Trail(text).find(text) == Match(len(text) - 4, 2)


def log_of(*answers: tuple[Sequence[int], Sequence[int]], most: int = 100, tokens: int = 1000) -> Log:
    log = Log(answers=most, tokens=tokens)
    for prompt, answer in answers:
        log.keep(prompt, answer)
    return log


def guess(log: Log, prompt: Sequence[int], most: int = 10) -> tuple[int, ...]:
    return Lookup(Trail(prompt), log.trail).propose(most)


def test_what_was_asked_before_is_answered_as_before() -> None:
    log = log_of(([1, 2, 3, 9], [20, 21, 22]), ([1, 2, 4, 9], [30, 31, 32]))
    assert guess(log, [50, 1, 2, 3, 9]) == (20, 21, 22)
    assert guess(log, [50, 1, 2, 4, 9]) == (30, 31, 32)
    assert guess(log, [50, 1, 2, 5, 9]) == (), "the same last token is no reason"


def test_an_answer_given_more_often_is_likelier_than_the_last() -> None:
    log = log_of(([7, 8], [1, 1]), ([7, 8], [1, 1]), ([7, 8], [2, 2]))
    assert guess(log, [7, 8]) == (1, 1)
    log.keep([7, 8], [2, 2])
    assert guess(log, [7, 8]) == (2, 2), "as often, and later"
    for _ in range(1000):
        log.keep([7, 8], [1, 1])
    for _ in range(8):
        log.keep([7, 8], [2, 2])
    assert guess(log, [7, 8]) == (2, 2), "an old habit gives way"
    assert len(log) == 2


def test_a_guess_ends_where_the_answer_did() -> None:
    log = log_of(([7, 8], [1]), ([5, 5], [3]))
    assert guess(log, [7, 8]) == (1,)
    text = Trail([7, 8])
    lookup = Lookup(text, log.trail)
    text.append(1)
    lookup.accept(1)
    assert lookup.guess is None


@given(st.lists(st.tuples(LONG, st.lists(st.integers(0, 5), max_size=80))), st.integers(0, 9))
def test_a_log_stays_within_its_bounds(given_: list[tuple[list[int], list[int]]], most: int) -> None:
    log = Log(answers=most, tokens=300)
    for prompt, answer in given_:
        log.keep(prompt, answer)
        assert len(log) <= most
        assert len(log.trail.tokens) <= 300
        if answer and most and len(prompt[-32:]) + len(answer) < 75:
            assert len(log) > 0
    for prompt, _ in given_:
        assert all(0 <= token <= 5 for token in guess(log, prompt))


def test_the_longest_not_given_goes_and_who_reads_it_reads_on() -> None:
    log = log_of(*(([n, n + 100], [n + 200] * 3) for n in range(10)), most=10)
    reading = Lookup(Trail([1, 101]), log.trail)
    log.keep([0, 100], [200] * 3)
    log.keep([50, 150], [250] * 3)
    assert len(log) == 5
    assert guess(log, [0, 100]) == (200, 200, 200), "it was given again"
    assert guess(log, [1, 101]) == ()
    assert reading.propose(3) == (201, 201, 201)


def test_an_answer_that_would_push_out_all_others_is_not_kept() -> None:
    log = log_of(([1, 2], [3] * 300), ([1, 2], []), tokens=1000)
    assert len(log) == 0

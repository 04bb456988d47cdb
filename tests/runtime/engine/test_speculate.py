"""Drafts pay where text repeats, and cost next to nothing where it does not, whatever the model says to them."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.engine.ngrams import Log
from runtime.engine.speculate import ATTENTION, FORGETFUL, GRANT, INCOME, Costs, Drafter
from tests.support.speculation import Draft, Played, play, recorded

STREAMS: Final = json.loads(Path(__file__).with_name("streams.json").read_text(encoding="utf-8"))
"""Prompts and greedy answers of SmolLM2-135M in int8, in token ids, by kind; `tests.support.streams` recorded them."""
KINDS: Final = sorted(STREAMS)
MOST: Final = {
    "question": (1.02, 1.02),
    "command": (0.94, 0.99),
    "form": (0.96, 1.04),
    "passage": (0.72, 0.8),
    "conversation": (0.82, 0.86),
}
"""The share of steps that drafts leave, where a refused draft is free to take back and where it is not; these answers
are short, so that the steps granted to begin with count."""
AGAIN: Final = {
    "question": (0.45, 0.5),
    "command": (0.45, 0.5),
    "form": (0.8, 0.95),
    "passage": (0.45, 0.5),
    "conversation": (0.55, 0.7),
}
"""The same when all was asked before; in a form most tokens take no step of their own anyway."""


def log_of(answers: int = 256) -> Log:
    return Log(answers=answers, tokens=64 * answers)


def within_the_bound(played: Played) -> bool:
    return all(fast <= plain * (1 + INCOME) + GRANT + 1e-6 for fast, plain in played.history)


@given(
    prompt=st.lists(st.integers(0, 5), max_size=60),
    plan=st.lists(st.tuples(st.integers(0, 16), st.integers(0, 5)), min_size=1),
    forgetful=st.booleans(),
    most=st.integers(0, 16),
    processor=st.sampled_from(["aarch64-dotprod", "x86_64-avx512vnni"]),
)
def test_no_pattern_of_acceptance_costs_more_than_the_bound(
    *, prompt: list[int], plan: list[tuple[int, int]], forgetful: bool, most: int, processor: str
) -> None:
    runs = iter(plan * (200 // len(plan) + 1))

    def model(draft: Draft) -> Draft:
        wanted, token = next(runs, (0, -1))
        if token < 0:
            return ()
        accepted = min(wanted, len(draft))
        refused = accepted < len(draft) and draft[accepted] == token
        return (*draft[:accepted], token + 6 if refused else token)

    assert within_the_bound(play(prompt, model, forgetful=forgetful, most=most, processor=processor))


@pytest.mark.parametrize("forgetful", [False, True])
@pytest.mark.parametrize("period", [1, 2, 3, 7, 20])
@pytest.mark.parametrize("accepts", [0, 1, 3])
def test_one_who_repeats_until_a_draft_comes_and_then_refuses_it_gains_nothing(
    *, forgetful: bool, period: int, accepts: int
) -> None:
    said = 0

    def model(draft: Draft) -> Draft:
        nonlocal said
        if said > 1000:
            return ()
        accepted = draft[:accepts]
        said += len(accepted) + 1
        return (*accepted, 1000 + said if draft else said % period)

    played = play(range(period), model, forgetful=forgetful)
    assert within_the_bound(played)
    assert played.drafted > 0


@pytest.mark.parametrize("forgetful", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_recorded_answers_cost_no_more_than_the_bound_and_less_where_they_repeat(
    *, kind: str, forgetful: bool
) -> None:
    log = log_of()
    for most in (MOST[kind][forgetful], AGAIN[kind][forgetful]):
        fast = plain = 0.0
        for stream in STREAMS[kind]:
            prompt, answer, forced = stream["prompt"], stream["answer"], set(stream["forced"])
            played = play(prompt, recorded(answer, forced), forced=forced, log=log, forgetful=forgetful)
            assert list(played.answer) == answer
            assert within_the_bound(played)
            log.keep(prompt, answer)
            fast, plain = fast + played.history[-1][0], plain + played.history[-1][1]
        print(f"{kind}: {fast / plain:.3f} of {plain:.0f} steps")
        assert fast / plain <= most


def test_noise_is_left_alone() -> None:
    noise = random.Random(1)
    prompt, answer = ([noise.randrange(50) for _ in range(2000)] for _ in range(2))
    played = play(prompt, recorded(answer), log=log_of())
    assert within_the_bound(played)
    assert played.drafted < len(answer) / 50


def test_a_command_asked_again_is_one_draft_after_another() -> None:
    log, prompt, answer = log_of(), list(range(300)), [500 + token % 7 for token in range(25)]
    assert play(prompt, recorded(answer), log=log).share > 0.4
    log.keep(prompt, answer)
    again = play([-1, *prompt[-40:]], recorded(answer), log=log)
    assert again.share < 0.5
    assert len(again.history) <= 4


def test_drafts_stop_when_they_do_not_pay_and_come_back_when_they_would() -> None:
    noise = random.Random(2)

    def text(fresh: int) -> list[int]:
        return [noise.randrange(1000, 10**6) for _ in range(fresh)]

    passage = text(60)
    answer = [*passage, *text(300), *passage, *text(300), *passage]
    played = play(passage, recorded(answer))
    assert played.accepted > 120
    assert played.drafted - played.accepted < 60
    assert played.share < 1.0


def test_drafts_grow_while_they_are_right_and_never_past_what_is_allowed() -> None:
    drafter = Drafter([1, 2, 3, 4, 5] * 20)
    lengths = []
    for _ in range(12):
        draft = drafter.propose(16)
        lengths.append(len(draft))
        drafter.verified(len(draft), len(draft))
        for token in draft:
            drafter.said(token)
        drafter.said(_next(drafter))
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[-1] == 16
    assert drafter.propose(3) == drafter.propose(16)[:3]
    assert drafter.propose(0) == ()


def _next(drafter: Drafter) -> int:
    guess = drafter._sources[0][0].guess
    assert guess is not None
    return guess


def test_a_refused_draft_makes_the_next_shorter() -> None:
    drafter = Drafter([1, 2, 3, 4, 5] * 20)
    for token in [1, 2, 3, 4, 5] * 20:
        drafter.said(token)
    before = len(drafter.propose(16))
    drafter.verified(before, 0)
    drafter.said(99)
    for token in (1, 2, 3):
        drafter.said(token)
    assert 0 <= len(drafter.propose(16)) < before


def test_nothing_is_drafted_behind_the_end_of_an_answer() -> None:
    drafter = Drafter([1, 2, 3, 4, 0, 7, 8, 9] * 10 + [1, 2], ends=frozenset({0}))
    for _ in range(3):
        drafter.verified(1, 1)
    assert drafter.propose(16) == (3, 4)


def test_what_a_grammar_forced_neither_earns_nor_counts() -> None:
    free, forced = (Drafter([1, 2, 3] * 10) for _ in range(2))
    for token in [1, 2, 3] * 20:
        free.said(token)
        forced.said(token, forced=True)
    assert len(forced.propose(16)) < len(free.propose(16))
    credit = forced._credit
    forced.verified(8, 8, forced=8)
    assert forced._credit == credit


def test_a_state_that_has_to_be_taken_back_makes_drafts_dearer() -> None:
    assert Costs().loss(4, 0) < Costs(forgetful=True).loss(4, 0)
    assert Costs().loss(4, 4) == Costs(forgetful=True).loss(4, 4)
    light, dear = (Drafter([1, 2, 3, 4, 5] * 8, costs=costs) for costs in (ATTENTION, FORGETFUL))
    assert 0 < len(dear.propose(16)) < len(light.propose(16))


@given(st.lists(st.integers(0, 3), max_size=100), st.lists(st.integers(0, 3), max_size=100))
def test_the_same_request_gets_the_same_drafts(prompt: Sequence[int], answer: Sequence[int]) -> None:
    one, other = (play(prompt, recorded(answer)) for _ in range(2))
    assert one == other

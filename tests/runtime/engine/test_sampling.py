"""What the sampler draws, against probabilities worked out the slow way."""

import math
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from runtime.engine.request import Sampling
from runtime.engine.sampling import Sampler, check_sampling
from runtime.errors import CallerError, EngineError
from tests.support.sampling import chi_square, distribution, penalised

LOGITS = np.random.default_rng(3).normal(0, 2, 40).astype(np.float32)
DRAWS = 10_000
FIVE = np.array([2.0, -1.0, 0.5, 3.0, -3.0], dtype=np.float32)


def counts(sampling: Sampling, logits: NDArray[np.float32] = LOGITS, draws: int = DRAWS) -> list[int]:
    sampler = Sampler(sampling, (), logits.size)
    drawn = Counter(sampler(logits.copy()) for _ in range(draws))
    return [drawn[token] for token in range(logits.size)]


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(temperature=1.0, seed=1),
        Sampling(temperature=0.4, seed=2),
        Sampling(temperature=2.5, seed=3),
        Sampling(temperature=1.0, top_k=7, seed=4),
        Sampling(temperature=1.0, top_p=0.8, seed=5),
        Sampling(temperature=1.0, min_p=0.1, seed=6),
        Sampling(temperature=1.3, top_k=12, top_p=0.9, min_p=0.05, seed=7),
        Sampling(temperature=0.7, top_p=0.95, logit_bias={3: 4.0, 0: -100.0}, seed=8),
    ],
    ids=str,
)
def test_draws_follow_the_distribution(sampling: Sampling) -> None:
    statistic, bound = chi_square(counts(sampling), distribution(LOGITS.tolist(), sampling))
    assert statistic < bound


def test_the_measure_tells_distributions_apart() -> None:
    drawn = counts(Sampling(temperature=1.0, seed=1))
    for wrong in (
        Sampling(temperature=1.1),
        Sampling(temperature=1.0, top_p=0.95),
        Sampling(temperature=0.9),
    ):
        statistic, bound = chi_square(drawn, distribution(LOGITS.tolist(), wrong))
        assert statistic > bound, wrong


@settings(max_examples=50)
@given(
    st.lists(st.integers(-40, 40).map(lambda step: step / 8), min_size=1, max_size=12),
    st.builds(
        Sampling,
        temperature=st.sampled_from([0.5, 1.0, 2.0]),
        top_k=st.integers(0, 14),
        top_p=st.sampled_from([0.101, 0.503, 0.904, 1.0]),
        min_p=st.sampled_from([0.0, 0.051, 0.302, 1.0]),
        seed=st.integers(0, 2**64 - 1),
    ),
)
def test_only_what_the_filters_leave_is_drawn(logits: list[float], sampling: Sampling) -> None:
    oracle = distribution(logits, sampling)
    drawn = counts(sampling, np.array(logits, dtype=np.float32), draws=150)
    for count, probability in zip(drawn, oracle, strict=True):
        assert probability > 0 or count == 0
        assert probability < 0.2 or count > 0  # 0.8 ** 150 is nothing


@given(st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=30), st.sampled_from([0.0, 1e-9, 1e-6]))
def test_greedy_takes_the_first_of_the_largest(logits: list[float], temperature: float) -> None:
    sampler = Sampler(Sampling(temperature=temperature), (), len(logits))
    assert sampler(np.array(logits, dtype=np.float32)) == logits.index(max(logits))


def test_equal_seeds_give_equal_answers_and_no_seed_does_not() -> None:
    def answer(seed: int | None) -> list[int]:
        sampler = Sampler(Sampling(temperature=1.0, seed=seed), (), LOGITS.size)
        return [sampler(LOGITS.copy()) for _ in range(64)]

    assert answer(11) == answer(11)
    assert answer(11) != answer(12)
    assert answer(None) != answer(None)


def test_repetition_divides_above_and_multiplies_below_nought() -> None:
    logits = FIVE.copy()
    sampler = Sampler(Sampling(repetition_penalty=2.0), (0, 1, 1), 5)
    assert sampler(logits) == 3
    assert logits.tolist() == [1.0, -2.0, 0.5, 3.0, -3.0]
    sampler.accept(3)
    logits = FIVE.copy()
    assert sampler(logits) == 3
    assert logits.tolist() == [1.0, -2.0, 0.5, 1.5, -3.0]


def test_presence_and_frequency_count_the_answer_only() -> None:
    sampler = Sampler(Sampling(presence_penalty=0.5, frequency_penalty=0.25), (0, 0, 1), 5)
    for token in (3, 3, 2):
        sampler.accept(token)
    logits = FIVE.copy()
    assert sampler(logits) == 0
    assert logits.tolist() == [2.0, -1.0, 0.5 - 0.75, 3.0 - 1.0, -3.0]


def test_bias_comes_after_penalties() -> None:
    sampler = Sampler(Sampling(repetition_penalty=2.0, logit_bias={0: 10.0, 4: -1.0}), (0, 4), 5)
    logits = FIVE.copy()
    assert sampler(logits) == 0
    assert logits.tolist() == [11.0, -1.0, 0.5, 3.0, -7.0]


@given(
    st.lists(st.integers(0, 599), max_size=20),
    st.lists(st.integers(0, 599), max_size=700),
    st.sampled_from([0.5, 1.0, 1.5]),
    st.sampled_from([-1.0, 0.0, 0.5]),
    st.sampled_from([-0.25, 0.0, 0.25]),
)
@settings(max_examples=30)
def test_penalties_equal_the_slow_ones(
    prompt: list[int], answer: list[int], repetition: float, presence: float, frequency: float
) -> None:
    sampling = Sampling(repetition_penalty=repetition, presence_penalty=presence, frequency_penalty=frequency)
    logits = np.random.default_rng(5).normal(0, 3, 600).astype(np.float32)
    expected = penalised(logits.tolist(), sampling, prompt, answer)
    sampler = Sampler(sampling, prompt, logits.size)
    for token in answer:
        sampler.accept(token)
    sampler(logits)
    np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_logits_that_are_no_numbers_are_the_engines_fault(temperature: float, bad: float) -> None:
    logits = LOGITS.copy()
    logits[17] = bad
    with pytest.raises(EngineError, match="verify the bundle"):
        Sampler(Sampling(temperature=temperature), (), logits.size)(logits)


def test_no_possible_token_is_the_engines_fault() -> None:
    with pytest.raises(EngineError):
        Sampler(Sampling(), (), 3)(np.full(3, -math.inf, dtype=np.float32))


def test_logits_of_another_vocabulary_are_the_engines_fault() -> None:
    with pytest.raises(EngineError, match="vocabulary 5"):
        Sampler(Sampling(), (), 5)(LOGITS.copy())


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(temperature=1.0, seed=1),
        Sampling(temperature=1.0, top_p=0.99, seed=2),
        Sampling(temperature=5.0, top_k=30, min_p=0.0, seed=3),
    ],
    ids=str,
)
def test_a_forbidden_token_is_never_drawn(sampling: Sampling) -> None:
    logits = LOGITS.copy()
    logits[10:] = -math.inf
    assert sum(counts(sampling, logits, draws=2000)[10:]) == 0


def test_sound_parameters_pass() -> None:
    check_sampling(Sampling(), 5)
    check_sampling(Sampling(5.0, 10**9, 1.0, 1.0, 10.0, 2.0, -2.0, {0: -100.0, 4: 100.0}, 2**64 - 1), 5)


@pytest.mark.parametrize(
    ("param", "values"),
    [
        ("temperature", [-0.1, 5.1, math.nan, math.inf]),
        ("top_k", [-1]),
        ("top_p", [0.0, -1.0, 1.01, math.nan]),
        ("min_p", [-0.1, 1.1, math.nan]),
        ("repetition_penalty", [0.0, -1.0, 10.1, math.nan]),
        ("presence_penalty", [-2.1, 2.1, math.nan]),
        ("frequency_penalty", [-2.1, 2.1, math.nan]),
        ("logit_bias", [{0: 101.0}, {0: math.nan}, {-1: 0.0}, {5: 0.0}]),
        ("seed", [-1, 2**64]),
    ],
)
def test_absurd_parameters_are_refused_by_name(param: str, values: list[Any]) -> None:
    for value in values:
        with pytest.raises(CallerError, match=param) as caught:
            check_sampling(replace(Sampling(), **{param: value}), 5)
        assert caught.value.param == param

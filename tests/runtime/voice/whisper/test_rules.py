"""What may come next: never a note or a language, times in pairs and never back."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from runtime.voice.whisper.rules import Rules
from runtime.voice.whisper.times import stretches
from tests.support.whispers import whisper_manifest

MANIFEST = whisper_manifest()
FIRST, END, SIZE = 266, 256, MANIFEST.vocabulary_size


def allowed(written: list[int], *, timed: bool, logits: NDArray[np.float32] | None = None) -> set[int]:
    scores = np.zeros(SIZE, np.float32) if logits is None else logits
    Rules.of(MANIFEST, timed=timed).apply(scores, written)
    return set(np.flatnonzero(scores > -np.inf).tolist())


def test_without_times_there_is_text_and_an_end() -> None:
    assert allowed([5], timed=False) == set(range(END + 1)) - {1, 2}


def test_no_text_begins_with_the_end() -> None:
    assert allowed([], timed=False) == set(range(END)) - {1, 2, 220}


def test_a_text_with_times_begins_with_one_within_a_second() -> None:
    assert allowed([], timed=True) == set(range(FIRST, FIRST + 51))


def test_behind_a_pair_of_times_comes_text() -> None:
    assert max(allowed([FIRST, 5, FIRST + 9, FIRST + 9], timed=True)) == END


def test_behind_the_end_of_a_stretch_comes_a_time_or_the_end_of_all() -> None:
    found = allowed([FIRST, 5, FIRST + 9], timed=True)
    assert min(found) == END
    assert set(found) == {END, *range(FIRST + 9, SIZE)}


def test_a_time_comes_where_times_together_are_likelier_than_any_word() -> None:
    scores = np.zeros(SIZE, np.float32)
    scores[7] = 3.0
    assert min(allowed([FIRST, 5], timed=True, logits=scores.copy())) == FIRST + 1
    scores[7] = 30.0
    assert 7 in allowed([FIRST, 5], timed=True, logits=scores.copy())


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_whatever_a_model_says_times_come_in_pairs_and_never_go_back(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rules, written = Rules.of(MANIFEST, timed=True), list[int]()
    while len(written) < 40:
        scores = (rng.standard_normal(SIZE) * 4).astype(np.float32)
        rules.apply(scores, written)
        token = int(scores.argmax())
        assert scores[token] > -np.inf
        if token == END:
            break
        written.append(token)
    times = [token for token in written if token >= FIRST]
    assert times == sorted(times)
    pieces, understood = stretches(written, FIRST, 30.0)
    assert 0 <= understood <= 30
    assert all(0 <= start <= stop <= 30 and tokens for start, stop, tokens in pieces)
    assert not {1, 2, *range(257, FIRST)} & set(written)


@pytest.mark.parametrize(
    ("tokens", "pieces", "understood"),
    [
        ([], (), 30.0),
        ([5, 6], ((0.0, 30.0, (5, 6)),), 30.0),
        ([FIRST, 5, FIRST + 100], ((0.0, 2.0, (5,)),), 30.0),
        ([FIRST, 5, FIRST + 100, FIRST + 150, 6, FIRST + 200], ((0.0, 2.0, (5,)), (3.0, 4.0, (6,))), 30.0),
        ([FIRST, 5, FIRST + 100, FIRST + 100, 6], ((0.0, 2.0, (5,)),), 2.0),
        ([FIRST, FIRST + 100], (), 30.0),
    ],
)
def test_stretches_are_between_times_and_cut_words_are_left(
    tokens: list[int], pieces: tuple[object, ...], understood: float
) -> None:
    found, end = stretches(tokens, FIRST, 30.0)
    assert found == pieces
    assert end == understood

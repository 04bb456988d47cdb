"""The likeliest readings, of a model that is a table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from runtime.voice.whisper.hints import Hints
from runtime.voice.whisper.rules import Rules
from runtime.voice.whisper.search import search
from tests.support.whispers import whisper_manifest

MANIFEST = whisper_manifest()
RULES = Rules.of(MANIFEST, timed=False)
END, SIZE = 256, MANIFEST.vocabulary_size
LETTERS = (10, 11, 12)
Floats = NDArray[np.float32]


@dataclass
class Table:
    """What follows a text depends on its last token and its length."""

    seed: int
    longest: int = 4
    rows: list[tuple[int, ...]] = field(default_factory=lambda: [()])

    def after(self, written: Sequence[int]) -> Floats:
        rng = np.random.default_rng((self.seed, len(written), *written[-1:]))
        scores = np.full(SIZE, -np.inf, np.float32)
        scores[list(LETTERS)] = rng.standard_normal(len(LETTERS)) * 2
        scores[END] = 50.0 if len(written) == self.longest else rng.standard_normal()
        return scores

    @property
    def left(self) -> int:
        return 20

    def follow(self, parents: Sequence[int], tokens: Sequence[int]) -> Floats:
        self.rows = [(*self.rows[parent], token) for parent, token in zip(parents, tokens, strict=True)]
        return np.stack([self.after(row) for row in self.rows])

    def total(self, written: Sequence[int]) -> float:
        """Log probability of a whole text, by hand."""
        total = 0.0
        for place, token in enumerate((*written, END)):
            scores = self.after(written[:place])
            RULES.apply(scores, written[:place])
            total += float(scores[token] - scores.max() - np.log(np.exp(scores - scores.max()).sum()))
        return total


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_a_wide_beam_finds_the_likeliest_and_scores_are_those_of_the_model(seed: int) -> None:
    table = Table(seed)
    found = search(table.after(()), table, RULES, Hints(), width=120)
    every = [text for size in range(1, 5) for text in product(LETTERS, repeat=size)]
    best = max(every, key=lambda text: table.total(text) / (len(text) + 1))
    assert found[0].tokens == best
    for written in found:
        np.testing.assert_allclose(written.total, table.total(written.tokens), rtol=1e-3, atol=1e-3)
    assert len({written.tokens for written in found}) == len(found)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_a_beam_of_one_always_takes_the_likeliest(seed: int) -> None:
    table, written = Table(seed), list[int]()
    while True:
        scores = table.after(written)
        RULES.apply(scores, written)
        if (token := int(scores.argmax())) == END:
            break
        written.append(token)
    (found,) = search(table.after(()), table, RULES, Hints(), width=1)
    assert found.tokens == tuple(written)
    assert found.ended


@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
@settings(max_examples=30)
def test_readings_come_with_the_likeliest_first_and_never_more_than_asked(seed: int, width: int) -> None:
    table = Table(seed)
    found = search(table.after(()), table, RULES, Hints(), width=width)
    assert 1 <= len(found) <= width
    assert [each.rank for each in found] == sorted((each.rank for each in found), reverse=True)


def test_a_text_without_an_end_is_told_where_there_is_no_more_room() -> None:
    class Endless(Table):
        @property
        def left(self) -> int:
            return 5 - len(self.rows[0])

    table = Endless(1, longest=99)
    (found,) = search(table.after(()), table, RULES, Hints(), width=1)
    assert len(found.tokens) <= 6

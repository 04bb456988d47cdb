"""Where answers are cut to be spoken."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.voice.clauses import Clauses, split
from tests.support.written import WRITTEN


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("Done.", ["Done."]),
        ("It is on. It was off.", ["It is on.", "It was off."]),
        ("It is 21.5 °C. Fine.", ["It is 21.5 °C.", "Fine."]),
        ("1,000 people, and more", ["1,000 people, and more"]),
        (
            "Turned on the kitchen light, the lamp, and more.",
            ["Turned on the kitchen light,", "the lamp, and more."],
        ),
        ("Ask Dr. Smith at 5 p.m. tomorrow. Or not.", ["Ask Dr. Smith at 5 p.m. tomorrow.", "Or not."]),
        ("At 5 p.m. The door opens.", ["At 5 p.m.", "The door opens."]),
        ("1. Open it.\n2. Close it.", ["1. Open it.", "2. Close it."]),
        ("Really?! “Yes.” Well.", ["Really?!", "“Yes.”", "Well."]),
        ("Well... maybe it is", ["Well... maybe it is"]),
        ("溫度是21.5度。濕度很高！", ["溫度是21.5度。", "濕度很高！"]),
        ("Look:\n```py\nx = 1. y\n```\nThat is it.", ["Look:", "That is it."]),
        ("<think>Hm. What? No.</think>Yes.", ["Yes."]),
        ('Calling {"name": "f. g", "arguments": {"a": "} {"}} now.', ["Calling", "now."]),
        ("", []),
        (" \n ", []),
    ],
)
def test_clauses_end_where_one_breathes(text: str, clauses: list[str]) -> None:
    assert list(split(text)) == clauses


def test_the_first_clause_is_there_before_the_second_is_written() -> None:
    clauses = Clauses()
    assert list(clauses.feed("The light is on. T")) == ["The light is on."]
    assert list(clauses.feed("he door is open")) == []
    assert list(clauses.flush()) == ["The door is open"]


def test_what_has_no_place_to_breathe_is_cut_between_words() -> None:
    clauses = list(split("word " * 200))
    assert len(clauses) > 1
    assert all(len(clause) <= 320 for clause in clauses)
    assert all(set(clause.split()) == {"word"} for clause in clauses)
    assert max(map(len, split("x" * 5000))) <= 320


def test_little_is_held_of_a_thought_that_never_ends() -> None:
    clauses = Clauses()
    for _ in range(1000):
        assert not list(clauses.feed("<think> and on, and on. " * 10))
    assert not list(clauses.flush())


@given(WRITTEN, st.randoms(use_true_random=False))
def test_the_same_text_makes_the_same_clauses_however_it_comes(text: str, random: Random) -> None:
    clauses, place = Clauses(), 0
    got: list[str] = []
    while place < len(text):
        size = random.randint(1, 7)
        got += clauses.feed(text[place : place + size])
        place += size
    assert [*got, *clauses.flush()] == list(split(text))


@given(WRITTEN)
def test_clauses_are_whole_words_and_bounded(text: str) -> None:
    for clause in split(text):
        assert clause == clause.strip() != ""
        assert len(clause) <= 320

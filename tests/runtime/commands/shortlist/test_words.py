import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.shortlist.words import alike, characters, found, skeleton, words


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("lite", "light"),
        ("frond", "front"),
        ("lamb", "lamp"),
        ("sealing", "ceiling"),
        ("knight", "night"),
        ("blines", "blinds"),
    ],
)
def test_what_sounds_alike_is_alike(heard: str, meant: str) -> None:
    assert alike(heard, meant) >= 0.7


@pytest.mark.parametrize(
    ("heard", "meant"), [("kitchen", "bedroom"), ("on", "off"), ("20", "25"), ("door", "window")]
)
def test_other_words_are_not(heard: str, meant: str) -> None:
    assert alike(heard, meant) == 0.0


def test_words_lose_what_says_how_many_or_whose() -> None:
    assert words("Turn the kids' lights OFF, Anna's lamp") == (
        "turn",
        "the",
        "kid",
        "light",
        "off",
        "anna",
        "lamp",
    )


def test_a_name_in_characters_is_found_with_one_of_them_wrong() -> None:
    assert found("客廳燈", characters("打開客廳燈 please")) == 1.0
    assert found("客廳燈", "打開客聽燈") == pytest.approx(2 / 3)
    assert found("", "打開") == 0.0


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_two_can_be_compared(one: str, other: str) -> None:
    assert 0 <= alike(one, other) <= 1
    assert alike(one, one) == 1.0
    assert 0 <= found(one, other) <= 1
    skeleton(one)

"""What is thought aloud or taken back is no part of a command."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.language.corrected import corrected, taken_back


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("close the blinds, no wait, the curtains", "close the curtains"),
        ("turn on the fan, sorry, I meant turn off the lamp", "turn off the lamp"),
        ("oh yes, the kettle, put it on", "the kettle, put it on"),
        ("hot water to sixty, not fifty five, sixty", "hot water to sixty"),
        ("excuse me, I don't know if you can hear me, but lock the door", "lock the door"),
        ("set the heating to twenty, hmm, actually no, make that twenty three", "set the heating to 23"),
        ("dim the lamp to twenty percent, no, sorry, thirty", "dim the lamp to 30%"),
        ("blinds down in, say, forty minutes", "blinds down in forty minutes"),
        ("turn off the TV, actually no, turn it down", "turn the TV down"),
        ("open the bedroom blinds, no wait, close them", "close the bedroom blinds"),
        ("turn on the lamp", "turn on the lamp"),
        ("hold on to the door", "hold on to the door"),
    ],
)
def test_english(said: str, meant: str) -> None:
    assert corrected(said, "en") == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("把吊扇，啊不是，把吊燈關掉", "把吊燈關掉"),
        ("是不是把燈關了", "是不是把燈關了"),
        ("開客廳的，不是不是，開玄關燈才對", "開玄關燈"),
    ],
)
def test_chinese(said: str, meant: str) -> None:
    assert corrected(said, "zh-TW") == meant


@pytest.mark.parametrize(
    "text",
    [
        "turn the lamp off, oh no hang on, leave it",
        "turn on the lamp never mind",
        "close the blinds, actually, don't",
        "open the door, forget it",
        "turn off the lights, no wait, leave them on please",
        "open the garage. I've changed my mind",
        "把燈關掉，啊算了",
        "關燈，還是不要好了",
    ],
)
def test_all_is_taken_back(text: str) -> None:
    assert taken_back(text, "en" if text.isascii() else "zh-TW")


@pytest.mark.parametrize(
    "text",
    [
        "turn on the fan and leave it on",
        "close the blinds, no wait, leave it half open",
        "turn off the lamp",
        "turn off the lamp, no, the fan",
        "remember to turn off the lamp and don't forget it",
        "冷氣不用了",
        "關燈",
    ],
)
def test_something_is_still_meant(text: str) -> None:
    assert not taken_back(text, "en" if text.isascii() else "zh-TW")


@given(st.text(max_size=60), st.sampled_from(["en", "zh-TW", "de"]))
def test_nothing_becomes_nothing(text: str, language: str) -> None:
    assert bool(corrected(text, language)) == bool(text)

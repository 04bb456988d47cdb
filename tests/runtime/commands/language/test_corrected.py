"""What is thought aloud or taken back is no part of a command."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.language.corrected import corrected


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("close the blinds, no wait, the curtains", "close the curtains"),
        ("turn on the fan, sorry, I meant turn off the lamp", "turn off the lamp"),
        ("oh yes, the kettle, put it on", "the kettle, put it on"),
        ("hot water to sixty, not fifty five, sixty", "hot water to sixty"),
        ("excuse me, I don't know if you can hear me, but lock the door", "lock the door"),
        ("turn on the lamp", "turn on the lamp"),
        ("hold on to the door", "hold on to the door"),
    ],
)
def test_english(said: str, meant: str) -> None:
    assert corrected(said, "en") == meant


@pytest.mark.parametrize(
    ("said", "meant"), [("把吊扇，啊不是，把吊燈關掉", "把吊燈關掉"), ("是不是把燈關了", "是不是把燈關了")]
)
def test_chinese(said: str, meant: str) -> None:
    assert corrected(said, "zh-TW") == meant


@given(st.text(max_size=60), st.sampled_from(["en", "zh-TW", "de"]))
def test_nothing_becomes_nothing(text: str, language: str) -> None:
    assert bool(corrected(text, language)) == bool(text)

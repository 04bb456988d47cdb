import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.choice.cues import OPPOSITES, said


@pytest.mark.parametrize(
    ("text", "towards"),
    [
        ("get the kettle going", "on"),
        ("kill the lights", "off"),
        ("roll the blind up", "open"),
        ("draw the curtains", "closed"),
        ("bolt the back door", "locked"),
        ("crank it up", "more"),
        ("too loud", "less"),
        ("把窗簾拉上", "closed"),
        ("大門上鎖", "locked"),
    ],
)
def test_what_words_lead_to(text: str, towards: str) -> None:
    found = said(text).towards
    assert found[towards] == 1.0
    assert towards not in OPPOSITES or found.get(OPPOSITES[towards], 0.0) < 1.0


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("is the lamp on", "asks"),
        ("why did you turn it off", "asks"),
        ("if it rains close the window", "imagines"),
        ("yesterday I closed the gate", "tells"),
        ("she said open the door", "tells"),
        ("don't open the gate", "refuses"),
        ("電視有沒有開", "asks"),
        ("不要開燈", "refuses"),
    ],
)
def test_what_makes_it_no_command(text: str, cue: str) -> None:
    assert said(text).whether[cue]


@pytest.mark.parametrize(
    "text", ["would you mind turning the lamp on", "turn it on if you don't mind", "開燈"]
)
def test_politeness_leaves_it_a_command(text: str) -> None:
    found = said(text).whether
    assert not any(found[cue] for cue in ("asks", "imagines", "tells", "refuses"))


def test_words_of_options_speak_for_themselves() -> None:
    assert said("put it on turbo boost", ["turbo_boost", "eco"]).towards["turbo_boost"] == 1.0
    assert "eco" not in said("economy", ["eco"]).towards


@given(st.text(max_size=2000))
def test_any_text_can_be_read(text: str) -> None:
    assert all(0 <= much <= 1 for much in said(text, ["red"]).towards.values())

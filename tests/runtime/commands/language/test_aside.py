"""Sentences with a command in them that are none, and those that only look so."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.language.aside.aside import Aside, aside
from runtime.commands.language.normalise import plain
from runtime.commands.language.quantities import digits
from runtime.commands.registry.house import House
from tests.support.commands_house import house as the_house

HOUSE = the_house()


def found(text: str, language: str = "en", house: House = HOUSE) -> Aside | None:
    there = aside(digits(plain(text, language), language), language, house)
    return None if there is None else there.aside


@pytest.mark.parametrize(
    "text",
    [
        "turn on the kitchen light when I come home",
        "turn on the kitchen light once the sun sets",
        "turn off the kitchen light in a while",
        "lock the front door before I leave",
        "close the garage door when it rains",
        "keep the kitchen light on until midnight",
    ],
)
def test_what_waits_for_something(text: str) -> None:
    assert found(text) is Aside.WAITS


@pytest.mark.parametrize(
    "text",
    [
        "the front door is locked",
        "I think the kitchen light is on",
        "I want to know how to turn on the kitchen light",
        "pretend to turn on the kitchen light",
        "say turn on the kitchen light",
        "tell grandma to turn on the kitchen light",
        "turn on the neighbour's kitchen light",
        "turn on the kitchen light twice",
        "in the film she whispers 'lock the front door' and the light goes out",
        "the note says: 'open the garage door' in red",
        "grandpa shouts turn on the kitchen light",
    ],
)
def test_what_only_tells(text: str) -> None:
    assert found(text) is Aside.TELLS


@pytest.mark.parametrize(
    "text",
    [
        "turn on the oven and turn on the kitchen light",
        "feed the cat and turn on the kitchen light",
        "turn on the kitchen light and the oven",
        "turn on the kitchen light and call my mum",
        "lock the front door and arm the dragon",
        "turn on the sauna, the kitchen light and the hall light",
    ],
)
def test_a_part_that_is_about_nothing_here(text: str) -> None:
    assert found(text) is Aside.PART


@pytest.mark.parametrize(
    "text",
    [
        "turn on the kitchen light when you get a chance",
        "kill the lights in the kitchen and make it snappy",
        "could you be a dear and switch the kitchen light off",
        "turn the kitchen light on and the fan off",
        "dinner is served, kitchen light on",
        "the kitchen light is too bright",
        "the kitchen light should be off",
        "it's dark in the kitchen",
        "make the kitchen light nice and bright",
        "I said turn off the kitchen light",
        "turn up the heater before I freeze",
        "set the floor lamp to blue and 40 percent",
        "open the blinds and let some sun in",
    ],
)
def test_what_is_a_command_all_the_same(text: str) -> None:
    assert found(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("等一下再打開廚房燈", Aside.WAITS),
        ("睡前關掉電視", Aside.WAITS),
        ("到家就打開廚房燈", Aside.WAITS),
        ("天黑了才打開廚房燈", Aside.WAITS),
        ("大門沒鎖", Aside.TELLS),
        ("提醒我打開廚房燈", Aside.TELLS),
        ("打開廚房燈和烤箱", Aside.PART),
        ("餵貓然後打開廚房燈", Aside.PART),
        ("幫我把廚房燈打開", None),
        ("方便的話把廚房燈打開", None),
        ("把廚房燈和電視關掉", None),
        ("聽說打開電視很耗電", Aside.TELLS),
        ("我忘了關電視", Aside.TELLS),
        ("別忘了關電視", None),
        ("廚房燈開到天亮", Aside.WAITS),
        ("我弟弟把電視打開就走了", Aside.DOUBT),
        ("師傅說電視要先關再清", Aside.DOUBT),
        ("我好冷，麻煩把廚房的燈打開", None),
        ("欸那個我想要現在把電視關掉", None),
    ],
)
def test_chinese(text: str, expected: Aside | None) -> None:
    assert found(text, "zh-TW") is expected


@given(st.text(max_size=400), st.sampled_from(["en", "zh-TW", "de"]))
def test_any_text_is_looked_through(text: str, language: str) -> None:
    found(text, language)


@pytest.mark.parametrize(
    "piece", ["and the ", "if it's ", "when you can ", "i think that ", "the lamp is in the ", "和", ", the "]
)
def test_no_sentence_takes_long(piece: str) -> None:
    began = time.perf_counter()
    for language in ("en", "zh-TW"):
        found(piece * (400 // len(piece)), language)
    assert time.perf_counter() - began < 1.0, "that would be a pattern that goes back and forth"

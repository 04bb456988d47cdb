import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.language.quantities import digits
from runtime.commands.language.when import When, loosely, when


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("turn on the light in ten minutes", 600),
        ("in ten minutes turn on the light", 600),
        ("in 10 minutes, turn on the light", 600),
        ("turn on the light in half an hour", 1800),
        ("turn on the light in an hour", 3600),
        ("turn on the light in an hour and a half", 5400),
        ("turn on the light in one and a half hours", 5400),
        ("turn on the light in a quarter of an hour", 900),
        ("turn on the light in three quarters of an hour", 2700),
        ("turn on the light in 1 hour and 30 minutes", 5400),
        ("turn on the light in two hours, 5 minutes and 10 seconds", 7510),
        ("turn on the light 20 seconds from now", 20),
        ("turn on the light after 5 minutes", 300),
        ("turn on the light five minutes later", 300),
        ("turn on the light in a couple of minutes", 120),
        ("turn on the light in 45s", 45),
        ("half a minute and then turn on the light", 30),
        ("in 100 days turn on the light", 100 * 86400),
        ("turn on the light in two weeks", 14 * 86400),
        ("turn on the light in a month", 30 * 86400),
    ],
)
def test_a_delay_in_english(text: str, seconds: float) -> None:
    assert when(digits(text, "en"), "en") == When("turn on the light", seconds)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("十分鐘後打開廚房燈", 600),
        ("10分鐘之後打開廚房燈", 600),
        ("過十分鐘打開廚房燈", 600),
        ("再過五分鐘,打開廚房燈", 300),
        ("半小時後打開廚房燈", 1800),
        ("半個小時以後打開廚房燈", 1800),
        ("一個半小時後打開廚房燈", 5400),
        ("一小時三十分鐘後打開廚房燈", 5400),
        ("三十秒後打開廚房燈", 30),
        ("一刻鐘後打開廚房燈", 900),
        ("兩個小時後打開廚房燈", 7200),
    ],
)
def test_a_delay_in_chinese(text: str, seconds: float) -> None:
    assert when(digits(text, "zh-TW"), "zh-TW") == When("打開廚房燈", seconds)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("turn on the light at 7 pm", "en"),
        ("turn on the light at 7:30", "en"),
        ("turn on the light tomorrow morning", "en"),
        ("tonight turn on the light", "en"),
        ("turn on the light at sunset", "en"),
        ("turn on the light every day at 6", "en"),
        ("turn on the light on monday", "en"),
        ("晚上七點打開廚房燈", "zh-TW"),
        ("明天早上打開廚房燈", "zh-TW"),
        ("八點半打開廚房燈", "zh-TW"),
    ],
)
def test_a_time_of_day_is_told_from_a_delay(text: str, language: str) -> None:
    found = when(digits(text, language), language)
    assert (found.clock, found.after_s) == (True, 0)
    assert found.text in {"turn on the light", "打開廚房燈"}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("turn on the light for ten minutes", "en"),
        ("turn on the light for the next hour", "en"),
        ("turn on the light until midnight", "en"),
        ("打開廚房燈十分鐘", "zh-TW"),
    ],
)
def test_how_long_is_told_from_a_delay(text: str, language: str) -> None:
    found = when(digits(text, language), language)
    assert (found.lasting, found.after_s) == (True, 0)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("turn on the light in the kitchen", "en"),
        ("is it on", "en"),
        ("in ten minutes", "en"),
        ("set it to 20", "en"),
        ("調亮一點", "zh-TW"),
        ("打開二樓的燈", "zh-TW"),
        ("mach das licht in zehn minuten an", "de"),
    ],
)
def test_no_time(text: str, language: str) -> None:
    assert when(digits(text, language), language) == When(digits(text, language))


@pytest.mark.parametrize(
    "piece", ["十分半", "10分半", "半", "一個半小時", "三十秒", "an hour and a half and ", "5 minutes, "]
)
def test_as_many_times_as_a_sentence_can_hold(piece: str) -> None:
    text = (piece * 400)[:400]
    for language in ("en", "zh-TW"):
        for said in (text, f"開燈{text}", f"{text}後開燈", f"turn on the lamp in {text}"):
            assert loosely(when(said, language).text, language).text  # comes to an end: once it took hours


@given(st.text(max_size=100), st.sampled_from(["en", "zh-TW", "fr"]))
def test_any_text_has_a_time_or_none(text: str, language: str) -> None:
    found = when(digits(text, language), language)
    assert found.after_s >= 0
    assert found.text or not text

"""What is written, in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.voice.spoken import spoken
from tests.support.written import WRITTEN

FORBIDDEN = set('<>[]{}()|*_`#~^\\/@=+&%$€"°\n\r\t\x00\x1b\u202e😀❤')


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("It is 21.5 °C, 30 % humid.", "It is twenty-one point five degrees Celsius, thirty percent humid."),
        ("1 °C and -3°F", "one degree Celsius and minus three degrees Fahrenheit"),
        ("12 km/h, 1.2 kWh, 5 m²", "twelve kilometers per hour, one point two kilowatt hours, five square meters"),
        ("at 5:30 pm", "at five thirty PM"),
        ("at 5 p.m.", "at five PM."),
        ("at 5 p.m. sharp", "at five PM sharp"),
        ("at 17:00 or 9:05", "at seventeen o'clock or nine oh five"),
        ("on 2026-11-23", "on November twenty-third, twenty twenty-six"),
        ("2026-11-23T14:30:00Z", "November twenty-third, twenty twenty-six at fourteen thirty"),
        ("Nov. 3 at 12:00", "November third at twelve o'clock"),
        ("-3", "minus three"),
        ("1,000 and 1,234,567", ("one thousand and one million two hundred and thirty-four thousand five hundred"
         " and sixty-seven")),
        ("in 1999 and the 1990s, 2005", "in nineteen ninety-nine and the nineteen nineties, two thousand and five"),
        ("18-22 °C", "eighteen to twenty-two degrees Celsius"),
        ("$5.99, €3, $2.5 million", "five dollars and ninety-nine cents, three euros, two point five million dollars"),
        ("the 3rd, 12th and 21st", "the third, twelfth and twenty-first"),
        ("1/2 or 3/4", "one half or three quarters"),
        ("No. 5 and #7", "number five and number seven"),
        ("version 1.2.3, code 0049", "version one point two point three, code zero zero four nine"),
        ("5V, 3D, B12", "five volts, three D, B twelve"),
        ("5*3 = 15", "five times three equals fifteen"),
    ],
)  # fmt: skip
def test_numbers_and_units_are_words_in_english(written: str, said: str) -> None:
    assert spoken(written, "en") == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("現在溫度21.5°C，濕度30%。", "現在溫度攝氏二十一點五度,濕度百分之三十。"),
        ("-3°C", "攝氏零下三度"),
        ("2026-11-23 5:30", "二零二六年十一月二十三日 五點三十分"),
        ("2:05", "兩點零五分"),
        ("1,000公尺，10,010元", "一千公尺,一萬零一十元"),
        ("105 kWh、20 km/h", "一百零五千瓦小時、二十公里每小時"),
        ("2個燈，12樓", "兩個燈,十二樓"),
        ("100000000", "一億"),
        ("**客廳**的燈已打開！", "客廳的燈已打開!"),
    ],
)
def test_numbers_and_units_are_words_in_chinese(written: str, said: str) -> None:
    assert spoken(written, "zh-TW") == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("**Done.** See [the page](http://x.y/z) or https://a.b/c?d=e 😀 :-)", "Done. See the page or"),
        ("<think>Hm.</think>Hello", "Hello"),
        ("Hm.</think>Hello", "Hello"),
        ("<think>Hm, and on", ""),
        ("Look:\n```py\nx = 1\n```\nThat's it", "Look: That's it"),
        ("| a | b |\n|---|---|\n| 1 | 2 |\nafter", "after"),
        ("# Head\n- one\n* two\n\n1. three", "Head. one. two. one. three"),
        ('{"name": "light", "arguments": {"x": 1}} Done.', "Done."),
        ('<tool_call>{"name": "x"}</tool_call>', ""),
        ("<b>bold</b> and `code` and snake_case", "bold and code and snake case"),
        ("the lamp (in the hall) is off — as it was", "the lamp, in the hall, is off, as it was"),
        ("mail me@x.org, it's 'fine'", "mail, it's fine"),
        ("[[h@l'oU]] \x01300s -v de", "three hundred seconds v de"),
        ("Tom &amp; Jerry", "Tom and Jerry"),
        ("", ""),
        ("😀", ""),
    ],
)
def test_what_only_eyes_read_is_left_out(written: str, said: str) -> None:
    assert spoken(written, "en") == said


def test_numbers_stay_in_a_language_whose_words_are_not_known() -> None:
    assert spoken("Es sind **21,5 °C**", "de") == "Es sind 21,5 C"


@given(WRITTEN, st.sampled_from(["en", "zh-TW", "de", "en-GB", None]))
def test_whatever_comes_only_words_go_out_and_again_the_same(written: str, language: str | None) -> None:
    said = spoken(written, language)
    assert not FORBIDDEN & set(said)
    assert said == " ".join(said.split())
    assert spoken(said, language) == said
    assert len(said) <= 40 * len(written) + 40
    if language in {"en", "en-GB"}:
        assert not any(letter in "0123456789" for letter in said)


@given(WRITTEN, st.sampled_from(["secret", "geheim"]))
def test_a_thought_is_never_said(around: str, secret: str) -> None:
    assert secret not in spoken(f"<think>{secret}</think>{around}", "en")
    assert secret not in spoken(f"{secret} </think> Hello", "en")
    assert secret not in spoken(f'Hello {{"name": "{secret}"}}', "en")


def test_the_language_is_told_from_the_letters() -> None:
    assert spoken("客廳21度") == "客廳二十一度"
    assert spoken("Room 21") == "Room twenty-one"


@pytest.mark.parametrize(
    "sign", [" ", "\t", "\n", "<", "<a ", "[", "(", '{"', "*", "°", "=", "12:30", "0", "-", "@", "|"]
)
def test_long_runs_of_a_sign_are_read_or_left_out(sign: str) -> None:
    for language in ("en", "zh-TW", "de"):
        said = spoken(sign * (20_000 // len(sign)), language)
        assert len(said) < 120_000
        assert spoken(said, language) == said

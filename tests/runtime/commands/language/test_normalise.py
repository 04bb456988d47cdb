import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.language.normalise import clean, language_of, plain


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Please turn on the light.", "turn on the light"),
        ("Hey, could you please turn on the light for me, thanks!", "turn on the light"),
        ("um, uh, turn on the light", "turn on the light"),
        ("would you mind turning on the light", "turn on the light"),
        ("don't forget to close the door", "close the door"),
        ("I'd like you to dim the lamp right now", "dim the lamp"),
        ("turn off the lamp, don't wait", "turn off the lamp"),
        ("is the door open?", "is the door open?"),
        ("don't turn on the light", "don't turn on the light"),
        ("please", "please"),
        ("turn on the\u3000\u200blight", "turn on the light"),
        ("\uff34\uff35\uff32\uff2e \uff4f\uff4e", "turn on"),
        ("can you see me", "can you see me"),
        ("I was wondering whether you could turn on the light", "turn on the light"),
        ("you were supposed to close the door, so do it now", "close the door"),
        ("said the heater to fifty", "set the heater to fifty"),
        ("turn on the light an hour from now", "turn on the light an hour from now"),
    ],
)
def test_politeness_and_noise_go_from_the_edges(text: str, left: str) -> None:
    assert plain(text, "en") == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("請幫我打開廚房的燈,謝謝!", "打開廚房的燈"),
        ("麻煩你把燈關掉好嗎？", "把燈關掉"),
        ("打 開 廚房 的 燈", "打開廚房的燈"),
        ("開一下燈", "開燈"),
        ("你方便的話大門鎖一下好嗎", "大門鎖上"),
        ("別忘了關車庫門", "關車庫門"),
        ("不要開燈", "不要開燈"),
        ("幫浦強度設為七", "幫浦強度設為七"),
        ("請", "請"),
    ],
)
def test_politeness_goes_in_chinese(text: str, left: str) -> None:
    assert plain(text, "zh-TW") == left


def test_other_languages_keep_their_words() -> None:
    assert plain("Bitte mach das Licht an.", "de") == "bitte mach das licht an"


@given(st.text(max_size=120), st.sampled_from(["en", "zh-TW", "de"]))
def test_any_text_is_made_plain_and_stays_so_clean(text: str, language: str) -> None:
    once = plain(text, language)
    assert once == clean(once)
    assert not clean(text).strip(" .!。,;:…~") or once


@pytest.mark.parametrize(
    ("text", "asked", "known", "language"),
    [
        ("turn on the light", None, ("en", "zh-TW"), "en"),
        ("打開燈", None, ("en", "zh-TW"), "zh-TW"),
        ("打開燈", "en-GB", ("en", "zh-TW"), "zh-TW"),
        ("打開燈", "en", ("en",), "en"),
        ("turn on the light", "zh-TW", ("zh-TW", "en"), "en"),
        ("turn on the light", "zh-TW", ("zh-TW",), "zh-TW"),
        ("打開 TV", "zh_tw", ("en", "zh-TW"), "zh-TW"),
        ("mach das licht an", "de-AT", ("en", "de"), "de"),
        ("x", "tlh", ("en", "de"), "en"),
    ],
)
def test_the_script_tells_the_language(
    text: str, asked: str | None, known: tuple[str, ...], language: str
) -> None:
    assert language_of(text, asked, known) == language


@pytest.mark.parametrize(
    ("text", "clear"), [("10½%", "10.5%"), ("2²", "2 2"), ("22 ¾", "22.75"), ("２６度", "26度")]
)
def test_no_digit_is_glued_to_another(text: str, clear: str) -> None:
    assert clean(text) == clear

"""Numbers are taken out of a sentence and put back, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.language.quantities import Quantity, numbers
from runtime.commands.registry.devices import Capability, Device, Kind, Name, Options, Range, Switch
from runtime.commands.registry.house import House
from runtime.commands.rules.choosing import best
from runtime.commands.rules.hearing import Hearing
from runtime.commands.rules.lexicon import Lexicon
from runtime.commands.rules.recogniser import Recogniser
from runtime.commands.rules.shape import shape
from runtime.commands.rules.situation import Found

HOUSE = House(
    devices={
        f"lamp{number}": Device(
            f"lamp{number}",
            (Name(f"lamp {number}", "en"), Name(f"{number}號燈", "zh-TW")),
            Kind.LIGHT,
            (Capability("power", Switch()), Capability("brightness", Range(0, 100, 1, "%"))),
        )
        for number in (1, 2, 40)
    }
    | {
        "tv": Device(
            "tv",
            (Name("tv", "en"), Name("電視", "zh-TW")),
            Kind.MEDIA_PLAYER,
            (Capability("volume", Range(0, 100, 1, "%")), Capability("value", Options(("hdmi 1", "hdmi 2")))),
        )
    }
)
RECOGNISERS = {language: Recogniser(language) for language in ("en", "zh-TW")}
HEARINGS = {language: Hearing(each, HOUSE) for language, each in RECOGNISERS.items()}


def as_it_is(text: str, language: str) -> Found | None:
    lexicon = Lexicon.of(HOUSE, language)
    matches = RECOGNISERS[language].matches(text, lexicon.values(text, ()), question=False)
    return best(matches, text=text, language=language)


NUMBERS = st.one_of(
    st.sampled_from(
        (
            "1",
            "2",
            "40",
            "0",
            "9001",
            "9002",
            "-5",
            "21.5",
            "100",
            "1.2.3",
            "--2",
            "10.000.5",
            "3 quarters",
            "2 thirds",
        )
    ),
    st.integers(0, 10**6).map(str),
)
SENTENCES = {
    "en": (
        "set lamp {} to {}%",
        "set lamp {} to {}",
        "turn on lamp {}",
        "set the tv volume to {}",
        "lamp {} {}%",
        "make lamp {} brighter by {}%",
        "set the tv to hdmi {}",
    ),
    "zh-TW": ("把{}號燈調到{}%", "打開{}號燈", "電視音量{}", "{}號燈亮度{}%"),
}


@pytest.mark.parametrize("language", SENTENCES)
@given(data=st.data())
def test_a_sentence_is_recognised_as_it_would_be_without(language: str, data: st.DataObject) -> None:
    sentence = data.draw(st.sampled_from(SENTENCES[language]))
    text = sentence.format(*(data.draw(NUMBERS) for _ in range(sentence.count("{}"))))
    assert HEARINGS[language].found((text, ())) == as_it_is(text, language), text


def test_what_was_heard_with_another_number_is_known_at_once() -> None:
    hearing = Hearing(RECOGNISERS["en"], HOUSE)
    assert not hearing.knows(("set lamp 1 to 30%", ()))
    for number in (30.0, 70.0):
        found = hearing.found((f"set lamp 1 to {number:.0f}%", ()))
        assert found is not None
        assert Quantity(number, "%") in found.slots.values()
    assert hearing.knows(("set lamp 1 to 55%", ()))
    assert not hearing.knows(("set lamp 2 to 30%", ()))


def test_a_name_keeps_its_number() -> None:
    assert shape("set lamp 2 to 2", ("lamp 2",)).text == "set lamp 2 to 9001"
    assert shape("2 to 3 to 2", ()).text == "9001 to 9002 to 9001"


@given(st.one_of(st.text(max_size=100), st.text("0123456789.-,% ab半9001", max_size=40)))
def test_numbers_of_any_text_are_its_own(text: str) -> None:
    found = shape(text, ())
    read = [float(match[0]) for match in numbers(found.text)]
    assert [found.were.get(each, each) for each in read] == [float(match[0]) for match in numbers(text)]

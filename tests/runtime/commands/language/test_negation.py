import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.language.negation import negated
from runtime.commands.registry.devices import Capability, Device, Kind, Name, Press
from runtime.commands.registry.house import House


@pytest.mark.parametrize(
    "text",
    [
        "don't turn on the light",
        "please do not open the garage door",
        "never unlock the front door",
        "leave the light on",
        "please leave the lights on, thanks",
        "keep the door locked",
        "leave it as it is",
        "turn on the lamp, not the fan",
        "turn everything off except the heater",
        "turn off all lights but not the lamp",
        "I don't want the light on",
        "you must not open the door",
        "stop turning the light on",
        "there is no need to turn on the light",
        "turn on the light instead of the fan",
    ],
)
def test_what_is_not_wanted_is_negated(text: str) -> None:
    assert negated(text, "en")


@pytest.mark.parametrize(
    "text",
    [
        "turn on the light",
        "don't forget to close the door",
        "never forget to lock the door",
        "turn it off, don't wait",
        "turn off the light and don't hesitate",
        "why don't you turn on the light",
        "won't you turn on the light",
        "can't you turn on the light",
        "is the light not on",
        "isn't the door open?",
        "why is the light not on",
        "stop the garage door",
        "turn on the notebook",
        "leave home",
        "if you don't mind, turn on the light",
    ],
)
def test_what_is_wanted_is_not(text: str) -> None:
    assert not negated(text, "en")


@pytest.mark.parametrize(
    "text",
    [
        "不要開燈",
        "請不要打開車庫門",
        "別開燈",
        "不用關了",
        "讓燈開著",
        "除了廚房以外都關掉",
        "燈開著就好",
        "先別動",
    ],
)
def test_what_is_not_wanted_is_negated_in_chinese(text: str) -> None:
    assert negated(text, "zh-TW")


@pytest.mark.parametrize(
    "text",
    [
        "打開燈",
        "別忘了關車庫門",
        "不要忘了關燈",
        "燈是不是開著?",
        "為什麼燈不能開?",
        "打開別墅的燈",
        "可不可以開燈",
        "特別亮一點",
    ],
)
def test_what_is_wanted_is_not_in_chinese(text: str) -> None:
    assert not negated(text, "zh-TW")


def test_a_name_is_no_negation() -> None:
    scene = Device("dnd", (Name("Do not disturb"),), Kind.SCENE, (Capability("activate", Press()),))
    house = House(devices={"dnd": scene})
    assert negated("activate do not disturb", "en")
    assert not negated("activate do not disturb", "en", house)
    assert negated("don't activate do not disturb", "en", house)


@pytest.mark.parametrize("name", ["don't", "don't turn on", "not the", "Don't turn on the TV", "never open"])
def test_no_name_takes_the_negation_out_of_a_sentence(name: str) -> None:
    scene = Device("x", (Name(name),), Kind.SCENE, (Capability("activate", Press()),))
    house = House(devices={"x": scene})
    assert negated(f"{name} the TV", "en", house)
    assert negated(name, "en", house)
    assert not negated(f"activate {name}", "en", house)


@given(st.text(max_size=120), st.sampled_from(["en", "zh-TW", "de"]))
def test_any_text_is_negated_or_not(text: str, language: str) -> None:
    assert negated(text, language) in {True, False}


@pytest.mark.parametrize(
    ("text", "language", "no"),
    [
        ("Schalte das Licht nicht ein", "de", True),
        ("Schalte das Licht ein", "de-AT", False),
        ("n'allume pas la lampe", "fr", True),
        ("allume la lampe", "fr", False),
        ("no enciendas la luz", "es", True),
        ("doe het licht niet aan", "nl", True),
        ("電気をつけないで", "ja", True),
    ],
)
def test_other_languages_say_not_in_their_own_words(text: str, language: str, no: bool) -> None:  # noqa: FBT001  a table
    assert negated(text, language) is no

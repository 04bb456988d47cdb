import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.language.pronoun import resolved
from runtime.commands.registry.devices import Capability, Device, Kind, Name, Switch
from runtime.commands.registry.house import House

POWER = (Capability("power", Switch()),)
LAMP = Device("lamp", (Name("Desk lamp"), Name("檯燈", "zh-TW")), Kind.LIGHT, POWER)
FAN = Device("fan", (Name("Fan"), Name("電扇", "zh-TW")), Kind.FAN, POWER)
HOUSE = House(devices={"lamp": LAMP, "fan": FAN})


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("could you kill it", "en", "could you kill the Desk lamp"),
        ("kill that one please", "en", "kill the Desk lamp please"),
        ("have that off", "en", "have the Desk lamp off"),
        ("it is dark in here", "en", "it is dark in here"),
        ("I think that the film is over", "en", "I think that the film is over"),
        ("kill it and the fan", "en", "kill it and the fan"),
        ("把它弄熄", "zh-TW", "把檯燈弄熄"),
        ("把電扇跟它關了", "zh-TW", "把電扇跟它關了"),
    ],
)
def test_it_is_what_was_spoken_of_where_nothing_else_is_named(
    text: str, language: str, expected: str
) -> None:
    assert resolved(text, language, HOUSE, ("lamp",)) == expected


def test_of_two_things_neither_is_meant() -> None:
    assert resolved("kill it", "en", HOUSE, ("lamp", "fan")) == "kill it"
    assert resolved("kill it", "en", HOUSE, ()) == "kill it"
    assert resolved("kill it", "en", HOUSE, ("gone",)) == "kill it"


@given(st.text(), st.sampled_from(["en", "zh-TW", "de"]))
def test_any_text_stays_as_it_is_but_for_the_name(text: str, language: str) -> None:
    assert resolved(text, language, HOUSE, ()) == text
    found = resolved(text, language, HOUSE, ("lamp",))
    assert found == text or "Desk lamp" in found or "檯燈" in found

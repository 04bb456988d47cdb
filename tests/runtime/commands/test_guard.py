"""What is chosen gives way to what else the sentence says."""

import pytest

from runtime.commands.guard import guarded
from runtime.commands.meaning import Action, Cannot, Do, Meaning, Option, Reason, Route, Tell, Which
from runtime.commands.registry.devices import Capability, Device, Kind, Name, Options, Switch
from runtime.commands.registry.house import House
from runtime.commands.sentence import Reading, Sentence

LOCK = Capability("state", Options(("locked", "unlocked")), dangerous=("unlocked",))
HOUSE = House(
    devices={
        "front": Device("front", (Name("Front door"), Name("大門", "zh-TW")), Kind.LOCK, (LOCK,)),
        "lamp": Device("lamp", (Name("Lamp"),), Kind.LIGHT, (Capability("power", Switch()),)),
    }
)
UNLOCK = Do((Action("front", "state", "unlocked"),))
ON = Do((Action("lamp", "power", value=True),))


def given(text: str, meaning: Meaning, route: Route = Route.CHOICE) -> Meaning:
    return guarded(Reading(meaning, route), Sentence(text), HOUSE).meaning


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("turn on the lamp when I come home", Reason.NOT_UNDERSTOOD),
        ("the lamp is on", Reason.OUT_OF_SCOPE),
        ("turn on the lamp and feed the cat", Reason.NOT_UNDERSTOOD),
    ],
)
def test_a_choice_gives_way(text: str, reason: Reason) -> None:
    for meaning in (ON, Which("Really?", (Option("turn on the lamp", ON),))):
        refused = given(text, meaning)
        assert isinstance(refused, Cannot)
        assert refused.reason is reason


def test_the_part_that_was_not_understood_is_named() -> None:
    refused = given("turn on the lamp and feed the cat", ON)
    assert isinstance(refused, Cannot)
    assert "feed the cat" in refused.text


def test_what_is_dangerous_is_called_by_its_name() -> None:
    asked = Which("Really?", (Option("unlock the front door", UNLOCK),))
    for text in (
        "unlock the front door",
        "let me out of the front door",
        "unlock the door",
        "unlock it please",
    ):
        assert given(text, asked) == asked, text
    for text in ("unlock the back door", "unlock the shed"):
        refused = given(text, asked)
        assert isinstance(refused, Cannot), text
        assert refused.reason is Reason.NO_SUCH_DEVICE


def test_rules_and_answers_account_for_their_words_themselves() -> None:
    assert given("turn on the lamp when I come home", ON, Route.RULES) == ON
    told = Tell("The lamp is on.")
    assert given("when is the lamp on", told) == told


def test_it_asks_whether_that_was_meant_where_somebody_else_may_be_doing_it() -> None:
    asked = guarded(Reading(UNLOCK, Route.CHOICE), Sentence("我弟弟把大門打開", "zh-TW"), HOUSE).meaning
    assert isinstance(asked, Which)
    assert [option.meaning for option in asked.options] == [UNLOCK]

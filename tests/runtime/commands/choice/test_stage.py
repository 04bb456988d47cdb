"""Freely worded commands: what is done, what is asked back, what is left. By words alone; no model is loaded."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from runtime.commands.choice.stage import Choice
from runtime.commands.meaning import Action, Cannot, Do, Meaning, Reason, Which
from runtime.commands.registry.devices import Device, Kind, Name, Value
from runtime.commands.registry.house import House
from runtime.commands.sentence import NOTHING_SAID, Sentence
from tests.support.commands_house import house

HOUSE = house()
CHOICE = Choice(None)


async def meant(text: str, language: str = "en", of: House = HOUSE) -> Meaning:
    reading = await CHOICE.read(Sentence(text, language), of, NOTHING_SAID)
    assert reading is not None
    return reading.meaning


def actions(meaning: Meaning) -> list[Action]:
    """All that a meaning could lead to."""
    match meaning:
        case Do(found):
            return list(found)
        case Which(_, options, waiting):
            return [*(each for option in options for each in option.meaning.actions), *waiting]
        case _:
            return []


def check(action: Action, *, is_open: bool) -> None:
    """An action is inside the house and its device's domain."""
    capability = HOUSE.devices[action.device].capability(action.capability)
    assert capability is not None
    assert capability.settable
    if not (is_open and action.value is None):
        assert capability.domain.check(action.value) is None


# fmt: off
WORDS = (
    "turn", "on", "off", "the", "kitchen", "light", "lamp", "bedroom", "garage", "door", "open",
    "close", "lock", "unlock", "front", "heating", "to", "25", "percent", "degrees", "please", "don't",
    "if", "yesterday", "all", "every", "brighter", "a", "bit", "red", "what", "is", "never", "dim",
    "up", "down", "office", "fan", "and", "燈", "打開", "客廳", "關掉",
)
# fmt: on


@given(st.text(max_size=120) | st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
async def test_whatever_is_said_nothing_outside_the_house_is_meant(text: str) -> None:
    reading = await CHOICE.read(Sentence(text), HOUSE, NOTHING_SAID)
    if reading is None:
        return
    assert 0 <= reading.confidence <= 1
    for action in actions(reading.meaning):
        check(action, is_open=isinstance(reading.meaning, Which))


@given(
    st.lists(st.sampled_from(WORDS), max_size=10),
    st.sampled_from(["don't", "never", "he said", "what if", "why"]),
)
async def test_what_is_no_command_is_never_done(said: list[str], before: str) -> None:
    assert not isinstance(await meant(" ".join([before, *said])), Do)


@pytest.mark.parametrize(
    "text",
    [
        "what's the capital of Peru",
        "tell me a joke",
        "turn on the dishwasher in the shed",
        "good night",
        "yesterday I switched on the kitchen light",
        "",
    ],
)
async def test_what_the_house_cannot_do_is_left(text: str) -> None:
    reading = await CHOICE.read(Sentence(text), HOUSE, NOTHING_SAID)
    assert reading is None or not isinstance(reading.meaning, Do)


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=10))
@example(["please", "open", "the", "garage", "door"])
@example(["unlock", "the", "front", "door"])
@example(["unlock", "please", "front"])
@example(["open", "garage", "lock", "please"])
async def test_what_is_dangerous_is_only_done_by_its_name(said: list[str]) -> None:
    """And then the policy has it confirmed."""
    meaning = await meant(" ".join(said))
    for action in meaning.actions if isinstance(meaning, Do) else ():
        capability = HOUSE.devices[action.device].capability(action.capability)
        assert capability is not None
        if capability.is_dangerous(action.value):
            assert {"garage", "door"} <= set(said) or {"front", "door"} <= set(said)


async def test_what_is_dangerous_is_done_by_its_name() -> None:
    dangerous = [
        action
        for action in actions(await meant("please open the garage door"))
        if (capability := HOUSE.devices[action.device].capability(action.capability)) is not None
        and capability.is_dangerous(action.value)
    ]
    assert dangerous


async def test_what_is_not_wanted_is_told_so() -> None:
    meaning = await meant("please don't switch on the kitchen light")
    assert isinstance(meaning, Cannot)
    assert meaning.reason is Reason.NOT_WANTED


async def test_a_changed_house_is_seen_by_the_next_sentence() -> None:
    light = next(device for device in HOUSE.devices.values() if device.id == "kitchen.light")
    other = replace(light, id="aquarium", names=(replace(light.names[0], text="Aquarium pump"),), area=None)
    changed = replace(HOUSE, devices={**HOUSE.devices, other.id: other}, version=HOUSE.version + 1)
    pump = Action("aquarium", "power", value(on=True))
    choice = Choice(None)
    for of, known in ((HOUSE, False), (changed, True), (HOUSE, False)):
        reading = await choice.read(Sentence("get the aquarium pump started"), of, NOTHING_SAID)
        assert reading is not None
        assert (pump in actions(reading.meaning)) is known


def value(*, on: bool) -> Value:
    """A switch's."""
    return on


def with_humidifiers(*called: str) -> House:
    """These and no other."""
    power = next(device for device in HOUSE.devices.values() if device.id == "kitchen.coffee").capabilities
    others = {key: each for key, each in HOUSE.devices.items() if each.kind is not Kind.HUMIDIFIER}
    more = {each: Device(each, (Name(each),), Kind.HUMIDIFIER, power) for each in called}
    return replace(HOUSE, devices={**others, **more}, version=HOUSE.version + 1)


async def test_a_name_that_may_have_been_cut_in_two_is_asked_about_where_a_half_is_another() -> None:
    both = await meant("turn off the d humidifier", of=with_humidifiers("humidifier", "dehumidifier"))
    assert isinstance(both, Which)
    assert {each.device for each in actions(both)} == {"humidifier", "dehumidifier"}
    one = await meant("turn off the d humidifier", of=with_humidifiers("dehumidifier"))
    assert one == Do((Action("dehumidifier", "power", value(on=False)),))


async def test_of_two_numbers_none_is_taken_without_asking() -> None:
    meaning = await meant("tv volume two twenty")
    assert isinstance(meaning, Which)


@pytest.mark.parametrize(
    "text", ["say, the floor lamp, on or off", "the floor lamp, is it on", "大門有鎖嗎我忘了"]
)
async def test_a_question_with_the_thing_first_does_nothing(text: str) -> None:
    meaning = await meant(text, "en" if text.isascii() else "zh-TW")
    assert isinstance(meaning, Cannot)


@pytest.mark.parametrize(
    ("text", "language", "word"),
    [
        ("turn on the light in the attic", "en", "attic"),
        ("turn on the attic light", "en", "attic"),
        ("打開閣樓的燈", "zh-TW", "閣樓"),
        ("turn on the toaster", "en", "toaster"),
        ("open the frobnicator", "en", "frobnicator"),
        ("打開烤麵包機", "zh-TW", "烤麵包機"),
    ],
)
async def test_what_is_not_there_is_named(text: str, language: str, word: str) -> None:
    refused = await meant(text, language)
    assert isinstance(refused, Cannot)
    assert refused.reason is Reason.NO_SUCH_DEVICE
    assert word in refused.text

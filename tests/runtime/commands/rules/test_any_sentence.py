"""Whatever is said, nothing is raised, and nothing that is meant lies outside the house."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.meaning import Action, CancelPlanned, Do, Meaning, Tell, Which
from runtime.commands.rules.clarified import Clarified
from runtime.commands.rules.stage import Rules
from runtime.commands.sentence import Memory, Sentence
from tests.support.commands_house import DEVICES, house

HOUSE = house()
RULES = Rules(("en", "zh-TW"))
WORDS = (
    "turn", "on", "off", "open", "close", "set", "make", "the", "all", "lights", "light", "lamp", "a bit", "brighter",
    "warmer", "to", "40", "%", "150", "degrees", "half", "in", "kitchen", "bedroom", "first floor", "ten minutes", "it",
    "don't", "is", "which", "what", "temperature", "blue", "up", "and", "把", "打開", "關掉", "調到", "的", "燈",
    "廚房", "度", "一點", "亮", "嗎", "不要", "後", "十分鐘",
)  # fmt: skip
NAMES = tuple(name.text for device in DEVICES for name in device.names)
SENTENCES = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from((*WORDS, *NAMES)), max_size=9).map(" ".join),
    st.lists(st.sampled_from((*WORDS, *NAMES)), max_size=9).map("".join),
)


def actions(meaning: Meaning) -> list[Action]:
    match meaning:
        case Do(these):
            return list(these)
        case Which(_, options, waiting):
            return [*(each for option in options for each in option.meaning.actions), *waiting]
        case _:
            return []


def is_in_the_house(action: Action, *, is_open: bool) -> bool:
    capability = HOUSE.devices[action.device].capability(action.capability)
    assert capability is not None
    if is_open and action.value is None:
        return capability.settable
    return capability.settable and capability.domain.check(action.value) is None


@given(SENTENCES, st.sampled_from(["en", "zh-TW", "de"]), st.sampled_from([None, "kitchen", "nowhere"]))
async def test_nothing_outside_the_house_is_ever_meant(text: str, language: str, area: str | None) -> None:
    memory = Memory(("hall.light", "living.blinds"))
    reading = await RULES.read(Sentence(text, language, area), HOUSE, memory)
    if reading is None:
        return
    assert all(
        is_in_the_house(each, is_open=isinstance(reading.meaning, Which)) for each in actions(reading.meaning)
    )
    if isinstance(reading.meaning, Do):
        assert reading.meaning.actions
        assert reading.meaning.after_s >= 0
    if isinstance(reading.meaning, Tell):
        assert reading.meaning.text
        assert set(reading.meaning.about) <= HOUSE.devices.keys()
    if isinstance(reading.meaning, CancelPlanned):
        assert set(reading.meaning.devices) <= HOUSE.devices.keys()


@given(st.sampled_from(["don't", "never", "do not"]), SENTENCES)
async def test_what_is_not_wanted_never_moves(before: str, text: str) -> None:
    reading = await RULES.read(Sentence(f"{before} {text}", "en"), HOUSE, Memory())
    if reading is not None and not text.startswith(("forget", "wait", "mind", "worry")):
        assert not isinstance(reading.meaning, Do | Which)


@given(SENTENCES)
async def test_any_answer_is_one_or_none(text: str) -> None:
    for asked in (Which("?", waiting=(Action("study.fan", "speed", None),)), Which("?", ())):
        reading = await Clarified().read(Sentence(text), HOUSE, Memory(asked=asked))
        if reading is not None:
            assert all(is_in_the_house(each, is_open=False) for each in actions(reading.meaning))


@pytest.mark.parametrize("text", ["", " ", "?", "the", "a" * 5000, "turn on " * 50, "\x00\ud800", "把" * 400])
async def test_odd_text_is_left_alone(text: str) -> None:
    assert await RULES.read(Sentence(text), HOUSE, Memory()) is None

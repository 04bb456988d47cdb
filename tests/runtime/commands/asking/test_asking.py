"""Questions about the house in people's own words: what is answered, what is left, and that nothing ever moves."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.asking.stage import Asking
from runtime.commands.interpret import Interpreter
from runtime.commands.meaning import Cannot, Meaning, Reason, Route, Tell
from runtime.commands.registry.devices import Device, Kind, Name
from runtime.commands.registry.house import House, State
from runtime.commands.sentence import Memory, Sentence
from tests.support.commands_house import COVER, house

HOUSE = house()
ASKING = Asking()


async def told(
    text: str, *, area: str | None = None, memory: Memory | None = None, within: House = HOUSE
) -> Meaning | None:
    language = "zh-TW" if max(text, default="") > "\u3000" else "en"
    reading = await ASKING.read(Sentence(text, language, area), within, memory or Memory())
    if reading is None:
        return None
    assert reading.route is Route.ASKING
    return reading.meaning


# fmt: off
ANSWERED = (
    ("did anybody leave the garage open", "No, the garage door is closed."),
    ("do I need to close any windows", "Yes, the hall window is open."),
    ("did I forget to lock the front door", "No, the front door is locked."),
    ("I wonder whether the TV is still running", "Yes, the TV is on."),
    ("check whether the garage door is shut", "Yes, the garage door is closed."),
    ("the garage door is closed, isn't it", "Yes, the garage door is closed."),
    ("isn't the garage door open", "No, the garage door is closed."),
    ("tell me which lights aren't off in the kitchen", "On: the kitchen light."),
    ("how many lights are on in the kitchen", "1: the kitchen light."),
    ("what's it like in the bedroom, temperature-wise", "The temperature of the bedroom heater is 18 °C."),
    ("what is the living room thermostat set to", "The temperature of the living room thermostat is 21 °C."),
    ("how loud is the TV at the moment", "The volume of the TV is 30%."),
    ("is the floor lamp on or off", "The floor lamp is off."),
    ("any idea if the coffee machine is on", "The coffee machine has not told its state yet."),
    ("is it warmer than 20 degrees in the bedroom", "The temperature of the bedroom heater is 18 °C."),
    ("is the garage shut", "Yes, the garage door is closed."),
    # the thing first
    ("the garage, is it closed or did I leave it up again", "Yes, the garage door is closed."),
    ("the TV, is that still on", "Yes, the TV is on."),
    # one of two states
    ("say, the TV, on or off", "The TV is on."),
    ("the front door, locked or not", "The front door is locked."),
    ("is the garage door open or is it closed", "The garage door is closed."),
    # what was left
    ("was the TV left on", "Yes, the TV is on."),
    ("did anybody remember to lock the front door", "Yes, the front door is locked."),
    ("I can't remember if I locked the front door", "Yes, the front door is locked."),
    ("am I right that the TV is on", "Yes, the TV is on."),
    # who might come in
    ("can a burglar just walk in through the front door right now", "No, the front door is locked."),
    # how something is
    ("how are the bedroom curtains", "The bedroom curtains are closed."),
    ("what's happening with the TV", "The TV is on."),
    ("how high is the volume of the TV", "The volume of the TV is 30%."),
    # light, and warmth
    ("is there still light in the kitchen", "Yes: the kitchen light."),
    ("is it above twenty in the bedroom", "The temperature of the bedroom heater is 18 °C."),
    ("大門有鎖嗎我好像忘了", "是的，大門是鎖上的。"),
    ("臥室窗簾拉上了嗎", "是的，臥室窗簾是關上的。"),
    ("臥室冷不冷", "臥室暖氣的溫度是 18 °C。"),
    ("電視沒關吧", "是的，電視是開著的。"),
    ("車庫門關好了沒", "是的，車庫門是關上的。"),
    ("幫我確認一下車庫門有沒有關", "是的，車庫門是關上的。"),
    ("有沒有窗戶沒關", "是的，走廊窗戶是打開的。"),
    ("大門有鎖嗎", "是的，大門是鎖上的。"),
    ("客廳現在幾度呢", "客廳冷氣的溫度是 19.5 °C。"),
    ("我有沒有忘記關電視", "是的，電視是開著的。"),
    ("電視音量多大", "電視的音量是 30%。"),
)
# fmt: on


@pytest.mark.parametrize(("text", "answer"), ANSWERED)
async def test_a_question_is_answered(text: str, answer: str) -> None:
    meaning = await told(text)
    assert isinstance(meaning, Tell)
    assert meaning.text == answer


# fmt: off
LEFT = (
    # the world
    "what's the temperature of the sun", "is the bank open", "how bright is the moon", "is it cold on mars",
    "is blue a warm colour", "how hot does an oven get", "what does the fox say", "is everything okay",
    "太陽表面幾度", "東京現在幾度", "銀行開門了嗎", "什麼是濕度",
    # what was, will be, may be, how and why
    "who turned on the kitchen light", "was the garage door open yesterday", "did I leave the TV on last night",
    "how often is the garage door open", "how long has the TV been on", "why is the hall light off",
    "will it be cold in the bedroom tomorrow", "what would happen if the front door was unlocked",
    "how do I lock the front door", "should I close the garage door", "is it safe to leave the TV on",
    "誰把燈關了", "為什麼大門沒鎖", "昨天車庫門有開嗎", "我應該開窗嗎", "冷氣開一整晚要多少電費",
    # commands that look like questions
    "can you see to it that the ceiling fan is off", "could you make sure the garage door is closed",
    "would you mind turning the hall light on", "why don't you turn the hall light on",
    "is it possible to turn off the TV", "have the hall light turned on", "how about turning on the hall light",
    "isn't it time to close the garage door", "what if you turned the TV on", "give me the TV on",
    "is there any chance you could switch off the floor lamp", "do the kitchen lights", "lights on",
    "turn on the kitchen light, right?", "turn off the TV", "close the garage door",
    "可以把電視打開嗎", "能不能幫我關電視", "可不可以開走廊燈", "幫我把車庫門關好好嗎",
    "吊扇關掉可以嗎", "要不要把立燈關掉",
    "打開電視", "幫我看電視", "關燈吧", "is no light on",
    # nothing that can be known
    "is it", "what", "?", "嗎", "is movie time on", "is anyone there", "what's up", "is it locked",
)
# fmt: on


@pytest.mark.parametrize("text", LEFT)
async def test_everything_else_is_left(text: str) -> None:
    assert await told(text) is None


async def test_what_is_not_there_is_said_so() -> None:
    nowhere = await told("is the fan in the kitchen still running")
    assert isinstance(nowhere, Cannot)
    assert nowhere.reason is Reason.NO_SUCH_DEVICE
    unable = await told("how humid is the floor lamp")
    assert isinstance(unable, Cannot)
    assert unable.reason is Reason.NO_SUCH_CAPABILITY


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("is the awning open", "No, the Patio Awning is closed."),
        ("遮陽棚開著嗎", "不是，Patio Awning是關上的。"),
    ],
)
async def test_an_awning_is_no_blind(text: str, answer: str) -> None:
    awning = Device("awning", (Name("Patio Awning"),), Kind.COVER, (COVER,), None, "awning")
    plain = Device("plain", (Name("Roller"),), Kind.COVER, (COVER,), "study")
    states = {("awning", "state"): State("closed", 0.0), ("plain", "state"): State("open", 0.0)}
    more = {"awning": awning, "plain": plain}
    within = replace(HOUSE, devices={**HOUSE.devices, **more}, states={**HOUSE.states, **states}, version=9)
    found = await told(text, within=within)
    assert isinstance(found, Tell)
    assert found.text == answer


async def test_it_is_what_was_spoken_of() -> None:
    meaning = await told("is it still on", memory=Memory(("living.tv",)))
    assert meaning == Tell("Yes, the TV is on.", ("living.tv",))


async def test_here_is_where_it_is_said() -> None:
    meaning = await told("is it warm in here", area="bedroom")
    assert isinstance(meaning, Tell)
    assert meaning.about == ("bedroom.heater",)


async def test_what_cannot_be_reached_is_not_told_as_if_it_were_known() -> None:
    meaning = await told(
        "is the TV still on", within=replace(HOUSE, away=frozenset({"living.tv"}), version=2)
    )
    assert isinstance(meaning, Tell)
    assert "cannot be reached" in meaning.text


async def test_what_was_not_heard_of_is_said_beside_the_rest() -> None:
    silent = replace(HOUSE, states={key: at for key, at in HOUSE.states.items() if key[0] != "kitchen.light"})
    meaning = await told("are any lights still on in the kitchen", within=silent)
    assert meaning == Tell("No, none of them is on. Not heard of yet: the kitchen light.")


async def test_a_device_that_is_renamed_is_asked_for_by_its_new_name() -> None:
    tv = HOUSE.devices["living.tv"]
    renamed = replace(tv, names=(replace(tv.names[0], text="Goggle box"),))
    within = replace(HOUSE, devices={**HOUSE.devices, tv.id: renamed}, version=HOUSE.version + 1)
    assert isinstance(await told("did I leave the goggle box on", within=within), Tell)
    assert await told("did I leave the goggle box on") is None


# fmt: off
WORDS = (
    "is", "are", "did", "anybody", "leave", "the", "kitchen", "light", "lights", "garage", "door", "open", "on", "off",
    "which", "what", "how", "warm", "bright", "it", "any", "all", "downstairs", "locked", "front", "TV", "check",
    "whether", "turn", "close", "need", "to", "not", "or", "set", "here", "?",
    "車庫門", "關", "開", "沒", "嗎", "有沒有", "幾度",
    "客廳", "燈", "哪些", "鎖", "多少", "請", "看一下",
)
# fmt: on


@given(
    st.text(max_size=80) | st.lists(st.sampled_from(WORDS), max_size=12).flatmap(
        lambda words: st.sampled_from((" ".join(words), "".join(words)))
    ),
    st.sampled_from(("en", "zh-TW", "de")),
)  # fmt: skip
async def test_whatever_is_said_it_only_ever_tells(text: str, language: str) -> None:
    reading = await ASKING.read(Sentence(text, language, "kitchen"), HOUSE, Memory(("living.tv", "gone")))
    if reading is not None:
        assert isinstance(reading.meaning, Tell | Cannot)
        assert reading.meaning.text


@pytest.mark.parametrize("part", ["我想", "可以", "so, ", "have the ", "turned ", "tell me if ", "沒有"])
async def test_what_is_said_over_and_over_is_read_at_once(part: str) -> None:
    """No pattern tries every way to divide what repeats: those that did would not come back."""
    assert await told((part * 200)[:200]) is None


async def test_what_will_be_is_not_answered_by_what_is() -> None:
    interpreter = Interpreter((), (ASKING,))
    now, _ = await interpreter.interpret(Sentence("is the TV still on"), HOUSE, Memory())
    assert isinstance(now.meaning, Tell)
    tonight, _ = await interpreter.interpret(Sentence("what's on TV tonight"), HOUSE, Memory())
    assert isinstance(tonight.meaning, Cannot)

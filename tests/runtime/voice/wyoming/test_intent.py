"""What a sentence means, in Home Assistant's words; nothing is done."""

import pytest
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.intent import Intent, IntentsStop, NotRecognized, Recognize

from runtime.commands.interpret import Interpreter
from runtime.commands.registry.house import House
from runtime.commands.rules.stage import Rules
from runtime.voice.wyoming.border import Understanding
from tests.support.desk import DEVICES
from tests.support.wyoming import AnswererSimulator, appliance, peer

REAL = Understanding(Interpreter((Rules(("en",)),)), lambda: House(devices=dict(DEVICES)))


@pytest.mark.parametrize(
    ("text", "name", "entities"),
    [
        ("turn on the desk lamp", "HassTurnOn", {"name": "desk lamp"}),
        ("turn off the desk lamp", "HassTurnOff", {"name": "desk lamp"}),
        ("set the desk lamp to 40 percent", "HassLightSet", {"name": "desk lamp", "brightness": 40}),
        ("set the blind to 40 percent", "HassSetPosition", {"name": "blind", "position": 40}),
        ("lock the front door", "HassTurnOn", {"name": "front door"}),
        ("unlock the front door", "HassTurnOff", {"name": "front door"}),
    ],
)
async def test_a_command_is_an_intent_of_home_assistant(
    text: str, name: str, entities: dict[str, object]
) -> None:
    answerer = AnswererSimulator()
    async with peer(appliance(understanding=REAL, answerer=answerer)) as one:
        await one.send(Recognize(text, {"conversation_id": "c"}))
        intent, before = await one.until(Intent)
    assert before == []
    assert (intent.name, intent.context) == (name, {"conversation_id": "c"})
    assert {each.name: each.value for each in intent.entities} == entities
    assert answerer.asked == []


async def test_several_at_once_stand_between_a_start_and_a_stop() -> None:
    async with peer(appliance(understanding=REAL)) as one:
        await one.send(Recognize("turn on the desk lamp and set the blind to 40 percent"))
        assert (await one.until(IntentsStop))[1] == ["intents-start", "intent", "intent"]


@pytest.mark.parametrize("text", ["why is the sky blue", "", "turn on the desk lamp in ten minutes"])
async def test_what_is_no_intent_is_not_recognized(text: str) -> None:
    async with peer(appliance(understanding=REAL)) as one:
        await one.send(Recognize(text))
        assert (await one.until(NotRecognized))[1] == []


async def test_what_is_too_long_or_no_text_is_refused() -> None:
    for text in ("word " * 100, 3):
        async with peer(appliance(understanding=REAL)) as one:
            await one.client.write_event(Event("recognize", {"text": text}))
            assert "text" in (await one.until(Error))[0].text


async def test_it_is_told_only_where_it_can_be_done() -> None:
    async with peer(appliance(understanding=REAL)) as one:
        await one.send(Describe())
        assert (await one.until(Info))[0].intent[0].models[0].languages == ["en"]
    async with peer() as one:
        await one.send(Recognize("turn on the lamp"))
        assert "commands.enabled" in (await one.until(Error))[0].text

"""Hermes: queries are understood and nothing moves, what was heard is carried out and the answer spoken."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import astuple
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.meaning import (
    Action,
    CancelPlanned,
    Cannot,
    Do,
    Interpretation,
    Meaning,
    Reason,
    Route,
    Tell,
)
from runtime.commands.order import Result, Status
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.mqtt import hermes
from runtime.mqtt.dialogue import SESSION, HermesService
from tests.support.desk import InterpreterSimulator
from tests.support.lamps import LampDesk, house
from tests.support.mqtt import MemoryLink, until
from tests.support.recorded import RecordingChannel

LIMITS = Limits(request_bytes=500, command_letters=100)
LAMP_ON = Do((Action("lamp1", "power", value=True),))
SENTENCES: dict[str, Meaning] = {
    "turn on Lamp 1": LAMP_ON,
    "dim lamp 1": Do((Action("lamp1", "brightness", 20.0),), after_s=60),
    "ring": Do((Action("bell", "activate", None),)),
    "all": Do((Action("lamp1", "power", value=False), Action("bell", "activate", None))),
    "never mind": CancelPlanned(("lamp1",)),
    "is it on?": Tell("Lamp 1 is on.", ("lamp1",)),
    "nonsense": Cannot(Reason.NOT_UNDERSTOOD, "?"),
}


def understood(text: str, **fields: Any) -> tuple[str, Any]:
    asked = hermes.heard(json.dumps({"input": text, **fields}).encode(), LIMITS)
    found = Interpretation(SENTENCES[text], Route.RULES, 1.0)
    publication = hermes.understood(asked, found, house())
    return publication.topic, json.loads(publication.payload)


def test_a_query_becomes_an_intent_with_slots_in_both_spellings() -> None:
    topic, said = understood("turn on Lamp 1", siteId="kitchen", sessionId="s", id="q")
    assert topic == "hermes/intent/TurnOn"
    assert said["intent"] == {"intentName": "TurnOn", "confidenceScore": 1.0}
    assert (said["input"], said["siteId"], said["sessionId"], said["id"]) == (
        "turn on Lamp 1",
        "kitchen",
        "s",
        "q",
    )
    device = said["slots"][0]
    assert (device["slotName"], device["value"]["value"]) == ("device", "lamp1")
    assert device["raw_value"] == device["rawValue"] == "lamp 1"
    assert device["range"] == {"start": 8, "end": 14}
    assert {each["slotName"]: each["value"]["value"] for each in said["slots"]}["area"] == "kitchen"


@pytest.mark.parametrize(
    ("text", "name", "slots"),
    [
        ("dim lamp 1", "SetBrightness", {"value": 20.0, "after_s": 60, "device": "lamp1"}),
        ("ring", "Activate", {"device": "bell"}),
        ("all", "SetDevices", {"device": "bell"}),
        ("never mind", "CancelPlanned", {"device": "lamp1"}),
        ("is it on?", "GetState", {"answer": "Lamp 1 is on."}),
    ],
)
def test_each_meaning_has_an_intent(text: str, name: str, slots: dict[str, object]) -> None:
    topic, said = understood(text)
    assert topic == f"hermes/intent/{name}"
    found = {each["slotName"]: each["value"]["value"] for each in said["slots"]}
    assert slots.items() <= found.items()


@pytest.mark.parametrize(("text", "wanted"), [("nonsense", None), ("ring", ["TurnOn"])])
def test_what_is_not_understood_or_not_wanted_is_said_to_be_not_recognized(text: str, wanted: object) -> None:
    topic, said = understood(text, intentFilter=wanted, sessionId="s")
    assert topic == "hermes/nlu/intentNotRecognized"
    assert said["sessionId"] == "s"


def test_an_answer_is_spoken_and_a_question_keeps_the_conversation_open() -> None:
    asked = hermes.Heard("x", "kitchen", "s")
    told = list(hermes.said(asked, Result("1", Status.SENT, "Lamp 1 is on.", language="en")))
    assert [each.topic for each in told] == ["hermes/tts/say", "hermes/dialogueManager/endSession"]
    assert json.loads(told[0].payload)["text"] == "Lamp 1 is on."
    (question,) = hermes.said(asked, Result("1", Status.ASKED, "Which lamp?"))
    assert question.topic == "hermes/dialogueManager/continueSession"
    (alone,) = hermes.said(hermes.Heard("x"), Result("1", Status.ASKED, "Which lamp?"))
    assert alone.topic == "hermes/tts/say"


@given(
    st.binary(max_size=600)
    | st.dictionaries(st.text(), st.integers() | st.text()).map(lambda d: json.dumps(d).encode())
)
def test_nothing_but_a_sentence_or_a_refusal_comes_of_any_bytes(payload: bytes) -> None:
    try:
        asked = hermes.heard(payload, LIMITS)
    except CallerError:
        return
    assert asked.text.strip()


@pytest.mark.parametrize("field", ["siteId", "sessionId", "id", "lang"])
def test_names_are_short(field: str) -> None:
    said = {"text": "lamp on", field: "x" * 128}
    assert "x" * 128 in astuple(hermes.heard(json.dumps(said).encode(), Limits()))
    with pytest.raises(CallerError, match="128"):
        hermes.heard(json.dumps(said | {field: "x" * 129}).encode(), Limits())


def test_a_filter_without_end_is_refused() -> None:
    said = {"text": "lamp on", "intentFilter": ["x" * 129, "TurnOn"]}
    assert hermes.heard(json.dumps(said).encode(), Limits()).intents == ("TurnOn",)
    with pytest.raises(CallerError, match="256"):
        hermes.heard(json.dumps(said | {"intentFilter": ["x"] * 257}).encode(), Limits())


@asynccontextmanager
async def serving(link: MemoryLink) -> AsyncIterator[tuple[LampDesk, RecordingChannel]]:
    stop, channel = asyncio.Event(), RecordingChannel()
    desk = LampDesk({"mqtt": channel}, {})
    interpreter = InterpreterSimulator(dict(SENTENCES))
    service = HermesService(link, desk, interpreter, house, LIMITS, language="en", expiry_s=30.0)
    desk.outboxes["hermes"] = service
    tasks = [asyncio.create_task(each) for each in (service.run(stop), desk.run(stop))]
    await until(lambda: link.opened)
    link.up()
    yield desk, channel
    stop.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 10)
    await service.close()


async def test_a_query_moves_nothing() -> None:
    link = MemoryLink(SESSION)
    async with serving(link) as (desk, channel):
        link.deliver({"input": "turn on Lamp 1"}, topic=hermes.QUERY)
        await until(lambda: bool(link.published))
        assert (desk.orders, channel.sent) == ([], [])
    assert [each.topic for each in link.published] == ["hermes/intent/TurnOn"]


async def test_what_was_heard_is_carried_out_and_the_answer_spoken() -> None:
    link = MemoryLink(SESSION)
    async with serving(link) as (desk, channel):
        link.deliver(
            {"text": "set lamp 1 to 10", "siteId": "kitchen", "sessionId": "s"}, topic=hermes.CAPTURED
        )
        await until(lambda: len(link.published) == 2)
        (order,) = desk.orders
    assert (order.sender, order.area, order.session) == ("hermes", "kitchen", "s")
    assert len(channel.sent) == 1
    say, end = link.published
    assert (say.topic, end.topic) == ("hermes/tts/say", "hermes/dialogueManager/endSession")
    assert json.loads(say.payload)["siteId"] == "kitchen"


async def test_nonsense_and_a_full_disk_end_nothing() -> None:
    link = MemoryLink(SESSION)
    async with serving(link) as (desk, channel):
        for topic in (hermes.QUERY, hermes.CAPTURED):
            link.deliver(b"nonsense", topic=topic)
            link.deliver({"text": "set lamp 1 to 10"}, topic=topic, retained=True)
        desk.full = True
        link.deliver({"text": "set lamp 1 to 10"}, topic=hermes.CAPTURED)
        await until(lambda: len(link.published) == 1)
        assert "disk is full" in json.loads(link.published[0].payload)["text"]
        desk.full = False
        link.deliver({"text": "set lamp 1 to 10"}, topic=hermes.CAPTURED)
        await until(lambda: len(channel.sent) == 1)

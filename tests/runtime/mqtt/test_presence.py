"""What the appliance shows of itself, and when."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from runtime.commands.order import Result, Status
from runtime.commands.registry.devices import Capability, Device, Kind, Name, Options, Text
from runtime.commands.registry.house import House
from runtime.engine.interface import EngineStats
from runtime.mqtt.appliance import Appliance, Gauges
from runtime.mqtt.presence import SESSION, Meter, PresenceService
from runtime.mqtt.topics import Topics
from tests.support.lamps import house
from tests.support.mqtt import MemoryLink, until

NOTHING = EngineStats(0, 0, 0, 0, 0.0, 0.0, 0, 0)
APPLIANCE = Appliance(Topics("Living-Room"), "1.2")
CONFIG = "homeassistant/device/inglenook_living_room/config"


def config(appliance: Appliance = APPLIANCE) -> Any:
    return json.loads(appliance.discovery().payload)


def test_home_assistant_is_shown_one_device_with_everything() -> None:
    assert APPLIANCE.discovery().topic == CONFIG
    assert APPLIANCE.discovery().retain
    said = config()
    assert said["device"]["identifiers"] == ["inglenook_living_room"]
    assert said["origin"]["name"] == "inglenook"
    kinds = {name: each["platform"] for name, each in said["components"].items()}
    assert kinds == {
        **dict.fromkeys(
            ("tokens_per_second", "waiting", "temperature", "model", "answer", "commands_today"), "sensor"
        ),
        "prompt": "text",
        "command": "text",
        "tell": "notify",
        "commands": "event",
        "online": "binary_sensor",
    }
    for name, each in said["components"].items():
        assert each["unique_id"] == f"inglenook_living_room_{name}"
        assert each["default_entity_id"] == f"{each['platform']}.inglenook_living_room_{name}"
        assert "object_id" not in each
        assert each["platform"] in {"text", "notify", "event"} or each["entity_category"] == "diagnostic"
        topic = each.get("availability_topic")
        assert topic == (None if name == "online" else "ingle/Living-Room/status")
    assert said["components"]["commands"]["event_types"] == [each.value for each in Status]


def test_what_is_not_there_is_not_shown() -> None:
    shown = config(replace(APPLIANCE, commands=False, temperature=False))["components"]
    assert shown.keys().isdisjoint({"temperature", "command", "tell", "commands", "commands_today"})
    assert "prompt" in shown


def test_what_home_assistant_is_told_to_send_is_understood_here() -> None:
    components = config()["components"]
    template = components["prompt"]["command_template"]
    payload = re.sub(r"\{\{ value \| to_json \}\}", json.dumps('say "hi"'), template)
    assert json.loads(payload) == {"id": "homeassistant", "prompt": 'say "hi"'}
    assert components["command"]["command_topic"] == "ingle/Living-Room/command/from/homeassistant"


def test_the_list_of_devices_has_what_a_command_needs_and_no_states() -> None:
    lock = Capability("state", Options(("locked", "unlocked")), dangerous=("unlocked",))
    note = Capability("note", Text(), settable=False)
    siren = Capability("power", Options(("on",)), always_dangerous=True)
    door = Device("door", (Name("Door"),), Kind.LOCK, (lock, note, siren))
    rooms = house()
    listed = APPLIANCE.registry(replace(rooms, devices={**rooms.devices, "door": door}))
    said = json.loads(listed.payload)
    assert listed.topic == "ingle/Living-Room/registry"
    assert listed.retain
    assert said["areas"][0]["names"] == [{"text": "Kitchen"}, {"text": "廚房", "language": "zh-TW"}]
    by_id = {each["id"]: each for each in said["devices"]}
    brightness = by_id["lamp1"]["capabilities"][1]
    assert (brightness["type"], brightness["low"], brightness["high"], brightness["unit"]) == (
        "range",
        0,
        100,
        "%",
    )
    state, words, alarm = by_id["door"]["capabilities"]
    assert (state["values"], state["dangerous"]) == (["locked", "unlocked"], ["unlocked"])
    assert (words["type"], words["settable"], alarm["dangerous"]) == ("text", False, True)


class Counting:
    """An engine's counters, as a test sets them."""

    def __init__(self) -> None:
        self.stats = NOTHING

    def __call__(self) -> EngineStats:
        return self.stats


def test_a_meter_tells_what_happened_since_it_was_last_read() -> None:
    counters, day = Counting(), [1]
    meter = Meter(counters, lambda: 48.5, lambda: day[0])
    assert meter.read() == Gauges(0.0, 0, 0, 48.5)
    meter.count()
    counters.stats = replace(NOTHING, completion_tokens=100, decode_seconds=4.0, running=1, waiting=2)
    assert meter.read() == Gauges(25.0, 3, 1, 48.5)
    assert meter.read() == Gauges(0.0, 3, 1, 48.5)
    day[0] = 2
    assert meter.read().commands_today == 0


class Rooms:
    """A house that changes."""

    def __init__(self) -> None:
        self.house = house()

    def __call__(self) -> House:
        return self.house


@asynccontextmanager
async def showing(link: MemoryLink, rooms: Rooms, *, announce: bool = True) -> AsyncIterator[PresenceService]:
    stop = asyncio.Event()
    service = PresenceService(
        link,
        APPLIANCE,
        Counting(),
        announce=announce,
        jitter_s=(0.0, 0.01),
        look_s=0.01,
        temperature=lambda: None,
    )
    service.lists(rooms)
    task = asyncio.create_task(service.run(stop))
    await until(lambda: link.opened)
    yield service
    stop.set()
    await asyncio.wait_for(task, 10)
    assert link.closed


def told(link: MemoryLink, topic: str) -> int:
    return [each.topic for each in link.published].count(topic)


async def test_it_is_shown_on_each_connection_and_when_home_assistant_comes_back() -> None:
    link = MemoryLink(SESSION)
    async with showing(link, Rooms()):
        link.up()
        await until(lambda: told(link, CONFIG) == 1)
        link.down()
        link.up()
        await until(lambda: told(link, CONFIG) == 2)
        link.deliver(b"offline", topic="homeassistant/status")
        link.deliver(b"online", topic="homeassistant/status")
        await until(lambda: told(link, CONFIG) == 3)
        link.deliver(b"online", topic="homeassistant/status", retained=True)
        await asyncio.sleep(0.05)
    assert told(link, CONFIG) == 3


async def test_the_list_of_devices_follows_the_house_and_waits_until_it_is_still() -> None:
    link, rooms = MemoryLink(SESSION), Rooms()
    async with showing(link, rooms):
        link.up()
        await until(lambda: told(link, APPLIANCE.topics.registry) == 1)
        rooms.house = replace(rooms.house, states={})
        await asyncio.sleep(0.05)
        for version in range(2, 6):
            rooms.house = replace(rooms.house, version=version)
        await until(lambda: told(link, APPLIANCE.topics.registry) == 2)
        await asyncio.sleep(0.05)
    assert told(link, APPLIANCE.topics.registry) == 2


async def test_what_came_of_a_command_is_an_event() -> None:
    link = MemoryLink(SESSION)
    async with showing(link, Rooms()) as service:
        service.told(Result("0", Status.SENT, "early"))
        link.up()
        service.told(Result("1", Status.SENT, "Lamp 1 is on."))
        await until(lambda: told(link, APPLIANCE.topics.event) == 1)
    (event,) = (json.loads(each.payload) for each in link.published if each.topic == APPLIANCE.topics.event)
    assert (event["event_type"], event["id"], event["text"]) == ("sent", "1", "Lamp 1 is on.")


async def test_who_does_not_want_to_be_shown_is_taken_away() -> None:
    link = MemoryLink(SESSION)
    async with showing(link, Rooms(), announce=False):
        link.up()
        await until(lambda: told(link, CONFIG) == 1)
    assert [(each.payload, each.retain) for each in link.published if each.topic == CONFIG] == [(b"", True)]


@pytest.mark.parametrize("event_type", [each.value for each in Status])
def test_every_status_is_an_event_that_home_assistant_expects(event_type: str) -> None:
    said = json.loads(APPLIANCE.event(Result("1", Status(event_type), "")).payload)
    assert said["event_type"] in config()["components"]["commands"]["event_types"]

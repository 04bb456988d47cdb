"""Commands through real brokers, and with the clients that people have in their shells."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from runtime.limits import Limits
from runtime.mqtt.client import PahoLink
from runtime.mqtt.commands import CommandService
from runtime.mqtt.embedded import EmbeddedBroker
from runtime.mqtt.link import Endpoint, Patience, Session
from runtime.mqtt.orders import Reader
from runtime.mqtt.replies import DeviceTopics, Replies
from runtime.mqtt.topics import Topics
from tests.support.lamps import LampDesk, LinkChannel, house, outgoing
from tests.support.mqtt import Mosquitto, Person, running_mosquitto, until

LIMITS = Limits(drain_seconds=1, request_bytes=4000)
TOPICS = Topics("home")
SOON = Patience(greeting=0.5, first_retry=(1, 1))
READER = Reader(Replies(devices=DeviceTopics(house, outgoing)), LIMITS, 30.0, answer=False, house=house)
needs_mosquitto = pytest.mark.skipif(Mosquitto.program() is None, reason="mosquitto is not installed")
needs_clients = pytest.mark.skipif(
    shutil.which("mosquitto_rr") is None, reason="the package mosquitto-clients is not installed"
)


@pytest.fixture(params=[pytest.param("mosquitto", marks=needs_mosquitto), "embedded"])
async def endpoint(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Endpoint]:
    if request.param == "mosquitto":
        async with running_mosquitto(tmp_path) as mosquitto:
            yield Endpoint(mosquitto.address)
    else:
        embedded = await EmbeddedBroker.start(0)
        yield Endpoint(embedded.address, version5=False)
        await embedded.close()


@asynccontextmanager
async def appliance(endpoint: Endpoint) -> AsyncIterator[LampDesk]:
    """The command topics, connected, and devices that are told over a connection of their own."""
    stop = asyncio.Event()
    link = PahoLink(endpoint, "inglenook-home-commands", LIMITS, SOON, Session(window=64))
    devices = PahoLink(endpoint, "inglenook-home-devices", LIMITS, SOON, Session(persistent=False))
    desk = LampDesk({"mqtt": LinkChannel(devices)}, {})
    service = CommandService(link, TOPICS, desk, READER)
    desk.outboxes["mqtt"] = service
    await devices.open([], None, lambda _: None)
    tasks = [asyncio.create_task(each) for each in (service.run(stop), desk.run(stop))]
    await until(lambda: service.connected)
    try:
        yield desk
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*tasks), 20)
        await service.close()
        await devices.close()


async def run(program: str, *arguments: str, endpoint: Endpoint) -> str:
    """A mosquitto client's standard output."""
    broker = endpoint.broker
    process = await asyncio.create_subprocess_exec(
        program, "-h", broker.host, "-p", str(broker.port), *arguments, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0
    return output.decode()


@needs_clients
async def test_a_sentence_from_the_shell_moves_a_lamp_once_and_gets_a_result(endpoint: Endpoint) -> None:
    async with appliance(endpoint), Person(endpoint.broker, "devices/#", TOPICS.command_result) as person:
        await run(
            "mosquitto_pub", "-t", "ingle/home/command", "-m", "turn on the kitchen light", endpoint=endpoint
        )
        heard = [await person.hear_message() for _ in range(2)]
        assert sorted(each.topic for each in heard) == [
            "devices/lamp0/power/set",
            "ingle/home/command/result",
        ]
        result = next(json.loads(each.payload) for each in heard if each.topic == TOPICS.command_result)
        assert (result["status"], result["node"]) == ("sent", "home")
        await asyncio.sleep(0.2)
        assert person.heard_nothing_more()


@needs_mosquitto
@needs_clients
async def test_a_request_from_the_shell_gets_its_response(tmp_path: Path) -> None:
    async with running_mosquitto(tmp_path) as mosquitto, appliance(Endpoint(mosquitto.address)):
        options = (
            "-t",
            "ingle/home/command",
            "-e",
            "clients/me",
            "-m",
            "set lamp 3 to 40",
            "-V",
            "5",
            "-W",
            "10",
        )
        more = ("-D", "publish", "correlation-data", "seven", "-F", "%t %D %p")
        output = await run("mosquitto_rr", *options, *more, endpoint=Endpoint(mosquitto.address))
    topic, correlation, payload = output.split(" ", 2)
    assert (topic, correlation) == ("clients/me", "seven")
    assert json.loads(payload)["actions"] == [{"device": "lamp3", "capability": "brightness", "value": 40.0}]


async def test_bad_input_gets_a_reason_and_the_next_command_works(endpoint: Endpoint) -> None:
    bad = (
        *(b"", b"\xff\xfe", b"x" * 5000, b"{}"),
        *(b'{"text": ', b'{"text": "x", "colour": "red"}', b'{"\\ud800": 1}'),
    )
    async with appliance(endpoint), Person(endpoint.broker, TOPICS.command_result) as person:
        for payload in bad:
            person.say(TOPICS.command, payload)
            assert (await person.hear_result(None))["reason"] == "invalid"
        person.say(TOPICS.command, {"id": "next", "text": "set lamp 1 to 10"})
        assert (await person.hear_result("next"))["status"] == "sent"


async def test_ten_megabytes_get_a_reason_and_the_next_command_works(endpoint: Endpoint) -> None:
    async with appliance(endpoint), Person(endpoint.broker, TOPICS.command_result) as person:
        person.say(TOPICS.command, b"x" * 10_000_000)
        assert "10000000 bytes" in (await person.hear_result(None))["text"]
        person.say(TOPICS.command, {"id": "next", "text": "set lamp 1 to 10"})
        assert (await person.hear_result("next"))["status"] == "sent"


async def test_the_wrong_reply_topic_is_told_where_nobody_chose(endpoint: Endpoint) -> None:
    async with appliance(endpoint), Person(endpoint.broker, TOPICS.command_result) as person:
        for topic in ("clients/+", "$SYS/x", "devices/lamp1/power/set", TOPICS.command):
            person.say(TOPICS.command, {"id": "bad", "text": "set lamp 1 to 10", "reply_to": topic})
            assert (await person.hear_result("bad"))["param"] == "reply_to"


async def test_a_sender_is_who_its_topic_says(endpoint: Endpoint) -> None:
    async with appliance(endpoint) as desk, Person(endpoint.broker, TOPICS.command_result) as person:
        person.say("ingle/home/command/from/tablet", {"id": "a", "text": "set lamp 1 to 10"})
        await person.hear_result("a")
        assert [each.sender for each in desk.orders] == ["tablet"]


@needs_mosquitto
async def test_how_long_a_command_lasts_comes_from_its_message(tmp_path: Path) -> None:
    async with running_mosquitto(tmp_path) as mosquitto, appliance(Endpoint(mosquitto.address)) as desk:
        broker = mosquitto.address
        await run(
            *("mosquitto_pub", "-V", "5", "-q", "1", "-t", TOPICS.command, "-m", "set lamp 1 to 10"),
            *("-D", "publish", "message-expiry-interval", "7"),
            endpoint=Endpoint(broker),
        )
        await until(lambda: bool(desk.orders))
        order: Any = desk.orders[0]
        assert order.expires_at == order.received_at + 7

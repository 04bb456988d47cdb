"""The whole MQTT front end against real brokers: mosquitto (MQTT 5), and the one we bring (3.1.1)."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.config import Broker
from runtime.errors import ConfigError
from runtime.limits import Limits
from runtime.mqtt.client import PahoLink
from runtime.mqtt.embedded import EmbeddedBroker, EmbeddedBrokerError
from runtime.mqtt.link import Delivery, Down, Endpoint, LinkEvent, Patience, Publication, Subscription, Up
from runtime.mqtt.service import MqttService
from runtime.mqtt.topics import Topics
from tests.support.completer import scripted_completer
from tests.support.engine import EngineSimulator
from tests.support.mqtt import Mosquitto, Person, running_mosquitto, until

ANSWER = (10, 11, 12)
LIMITS = Limits(drain_seconds=1, request_bytes=4000)
TOPICS = Topics("kitchen")
SOON = Patience(greeting=0.5, first_retry=(1, 1))
needs_mosquitto = pytest.mark.skipif(Mosquitto.program() is None, reason="mosquitto is not installed")


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
async def appliance(endpoint: Endpoint, engine: EngineSimulator) -> AsyncIterator[PahoLink]:
    """The service, connected. The link is given out to be tormented."""
    stop = asyncio.Event()
    link = PahoLink(endpoint, "inglenook-kitchen", LIMITS, SOON)
    service = MqttService(link, TOPICS, scripted_completer(engine, LIMITS), LIMITS, version="0")
    task = asyncio.create_task(service.run(stop))
    await until(lambda: service.connected)
    try:
        yield link
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


def lose_connection(link: PahoLink) -> None:
    """As if the cable were cut: the broker hears no goodbye."""
    connection = link._client.socket() if link._client is not None else None
    assert isinstance(connection, socket.socket)
    connection.shutdown(socket.SHUT_RDWR)


async def test_a_question_is_answered(endpoint: Endpoint) -> None:
    async with appliance(endpoint, EngineSimulator(ANSWER)), Person(endpoint.broker, TOPICS.result) as person:
        person.say(TOPICS.chat, {"id": 7, "prompt": "hello"})
        result = await person.hear_result(7)
        assert result["text"]
        assert result["finish_reason"] == "stop"
        assert result["usage"]["completion_tokens"] == 3


async def test_a_repeat_is_computed_once(endpoint: Endpoint) -> None:
    engine = EngineSimulator(ANSWER)
    async with appliance(endpoint, engine), Person(endpoint.broker, TOPICS.result) as person:
        for _ in range(2):
            person.say(TOPICS.chat, {"id": "a", "prompt": "hello"})
        assert await person.hear_result("a") == await person.hear_result("a")
        assert len(engine.requests) == 1


async def test_a_command_overtakes_chats_and_all_are_answered_once(endpoint: Endpoint) -> None:
    """What comes later is acknowledged sooner, which a broker has to bear."""
    engine = EngineSimulator(ANSWER, token_s=0.05)
    async with appliance(endpoint, engine) as link, Person(endpoint.broker, TOPICS.result) as person:
        epoch = link._epoch
        for number in range(8):
            person.say(TOPICS.chat, {"id": number, "prompt": f"question {number}"})
        await until(lambda: bool(engine.requests))
        person.say(TOPICS.chat, {"id": "command", "prompt": "light on", "priority": "command"})
        heard = [(await person.hear())["id"] for _ in range(9)]
        assert heard.index("command") < 4
        assert [each for each in heard if each != "command"] == list(range(8))
        assert link._epoch == epoch
        assert len(engine.requests) == 9


@pytest.mark.parametrize("qos", [0, 1, 2])
async def test_every_quality_of_service_is_answered_on_one_connection(endpoint: Endpoint, qos: int) -> None:
    epochs: set[int] = set()
    async with (
        appliance(endpoint, EngineSimulator(ANSWER)) as link,
        Person(endpoint.broker, TOPICS.result) as person,
    ):
        for number in range(3):
            person.say(TOPICS.chat, {"id": number, "prompt": "hello"}, qos=qos)
            assert (await person.hear_result(number))["text"]
            epochs.add(link._epoch)
    assert len(epochs) == 1


async def test_bad_input_gets_a_reason_and_the_next_question_its_answer(endpoint: Endpoint) -> None:
    async with appliance(endpoint, EngineSimulator(ANSWER)), Person(endpoint.broker, TOPICS.result) as person:
        for payload in (b"", b"hello", b"\xff\xfe", b'{"id": "x"', b"{" + b" " * 4000):
            person.say(TOPICS.chat, payload)
            assert (await person.hear_result(None))["error"]["code"] == "invalid"
        person.say(TOPICS.chat, {"id": "next", "prompt": "hello"})
        assert (await person.hear_result("next"))["text"]


async def test_a_retained_question_is_not_answered(endpoint: Endpoint) -> None:
    async with Person(endpoint.broker, TOPICS.result) as person:
        person.say(TOPICS.chat, {"id": "stale", "prompt": "hello"}, retain=True)
        await asyncio.sleep(0.1)
        engine = EngineSimulator(ANSWER)
        async with appliance(replace(endpoint, version5=False), engine):
            person.say(TOPICS.chat, {"id": "fresh", "prompt": "hello"})
            assert (await person.hear())["id"] == "fresh"
        assert len(engine.requests) == 1


async def test_status_is_retained_and_goes_offline_with_a_goodbye(endpoint: Endpoint) -> None:
    engine = EngineSimulator(ANSWER)
    async with appliance(endpoint, engine), Person(endpoint.broker, TOPICS.status) as early:
        status = await early.hear_state("online")
        assert (status["node"], status["model"]) == ("kitchen", "tiny")
    async with Person(endpoint.broker, TOPICS.status) as late:
        assert (await late.hear())["state"] == "offline"


async def test_the_will_speaks_when_the_cable_is_cut_and_the_appliance_comes_back(endpoint: Endpoint) -> None:
    person = Person(endpoint.broker, TOPICS.status, TOPICS.result)
    async with appliance(endpoint, EngineSimulator(ANSWER)) as link, person:
        await person.hear_state("online")
        lose_connection(link)
        await person.hear_state("offline")
        await person.hear_state("online")
        person.say(TOPICS.chat, {"id": "after", "prompt": "hello"})
        assert (await person.hear_result("after"))["text"]


async def test_an_acknowledgement_is_for_its_own_connection_only(endpoint: Endpoint) -> None:
    """The connection is cut while the answer is computed: the broker delivers again, nothing is computed twice."""
    engine = EngineSimulator(ANSWER, token_s=0.1)
    async with appliance(endpoint, engine) as link, Person(endpoint.broker, TOPICS.result) as person:
        person.say(TOPICS.chat, {"id": "cut", "prompt": "hello"})
        await until(lambda: bool(engine.requests))
        lose_connection(link)
        assert (await person.hear_result("cut"))["text"]
        person.say(TOPICS.chat, {"id": "after", "prompt": "another"})
        assert (await person.hear_result("after"))["text"]
        assert len(engine.requests) == 2


@needs_mosquitto
async def test_a_broker_that_restarts_in_mid_answer_gets_the_answer(tmp_path: Path) -> None:
    engine = EngineSimulator(ANSWER, token_s=0.2)
    async with running_mosquitto(tmp_path) as mosquitto, appliance(Endpoint(mosquitto.address), engine):
        async with Person(mosquitto.address, TOPICS.result) as person:
            person.say(TOPICS.chat, {"id": "a", "prompt": "hello"})
            await until(lambda: bool(engine.requests))
            mosquitto.stop()
            await asyncio.sleep(0.8)
            await mosquitto.start()
            assert (await person.hear_result("a"))["text"]
        assert len(engine.requests) == 1


@needs_mosquitto
async def test_a_question_waits_with_the_broker_while_the_appliance_is_away(tmp_path: Path) -> None:
    async with running_mosquitto(tmp_path) as mosquitto:
        async with appliance(Endpoint(mosquitto.address), EngineSimulator(ANSWER)):
            pass
        async with Person(mosquitto.address, TOPICS.result) as person:
            person.say(TOPICS.chat, {"id": "early", "prompt": "hello"})
            await asyncio.sleep(0.1)
            async with appliance(Endpoint(mosquitto.address), EngineSimulator(ANSWER)):
                assert (await person.hear_result("early"))["text"]


async def test_a_broker_that_knows_no_mqtt_5_is_spoken_to_in_3_1_1() -> None:
    embedded = await EmbeddedBroker.start(0)
    async with appliance(Endpoint(embedded.address), EngineSimulator(ANSWER)) as link:
        async with Person(embedded.address, TOPICS.result) as person:
            person.say(TOPICS.chat, {"id": "old", "prompt": "hello"})
            assert (await person.hear_result("old"))["text"]
        assert link._client is not None
        assert link._client.protocol == 4
    await embedded.close()


async def test_an_embedded_port_that_is_taken_is_a_sentence() -> None:
    first = await EmbeddedBroker.start(0)
    port = first.address.port
    with pytest.raises(EmbeddedBrokerError, match=rf"port {port} is taken.*mqtt://127\.0\.0\.1:{port}"):
        await EmbeddedBroker.start(port)
    await first.close()
    again = await EmbeddedBroker.start(port)
    assert again.address.port == port
    await again.close()


def test_a_certificate_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    endpoint = Endpoint(Broker("127.0.0.1", 1, tls=True), ca_file=tmp_path / "absent.pem")
    with pytest.raises(ConfigError, match=r"mqtt\.ca_file .*absent\.pem"):
        PahoLink(endpoint, "x", LIMITS)


async def _first_word(address: Broker) -> LinkEvent:
    """What the link says first of a broker there."""
    states: list[LinkEvent] = []
    link = PahoLink(Endpoint(address), "inglenook-kitchen", LIMITS, SOON)
    await link.open([Subscription(TOPICS.chat)], Publication(TOPICS.status, b"gone"), states.append)
    await until(lambda: len(states) > 0)
    await link.close()
    return states[0]


async def test_a_broker_that_is_not_there_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = Broker("127.0.0.1", taken.getsockname()[1])
    assert await _first_word(address) == Down(f"{address} cannot be reached")


@needs_mosquitto
async def test_a_broker_that_wants_a_password_is_named_with_the_settings_for_it(tmp_path: Path) -> None:
    async with running_mosquitto(tmp_path, anonymous=False) as mosquitto:
        word = await _first_word(mosquitto.address)
    assert isinstance(word, Down)
    assert str(mosquitto.address) in word.reason
    assert "mqtt.password_file" in word.reason


@needs_mosquitto
async def test_a_late_acknowledgement_does_not_count_on_the_next_connection(tmp_path: Path) -> None:
    deliveries: list[Delivery] = []
    states: list[LinkEvent] = []

    def sink(event: LinkEvent) -> None:
        deliveries.append(event) if isinstance(event, Delivery) else states.append(event)

    async with running_mosquitto(tmp_path) as mosquitto, Person(mosquitto.address) as person:
        link = PahoLink(Endpoint(mosquitto.address), "inglenook-kitchen", LIMITS, SOON)
        await link.open([Subscription(TOPICS.chat)], Publication(TOPICS.status, b"gone"), sink)
        await until(lambda: Up() in states)
        person.say(TOPICS.chat, {"id": "a", "prompt": "hello"})
        for count in (1, 2):
            await until(lambda: len(deliveries) == count)  # noqa: B023  awaited in the same turn
            lose_connection(link)
            await until(lambda: len(deliveries) == count + 1)  # noqa: B023  awaited in the same turn
            link.acknowledge(deliveries[0])  # of a connection that is gone
        link.acknowledge(deliveries[-1])
        await asyncio.sleep(0.2)
        before = len(states)
        lose_connection(link)
        await until(lambda: states[before:][1:] == [Up(session_present=True)])
        await asyncio.sleep(0.2)
        await link.close()
    assert len(deliveries) == 3
    assert len({delivery.epoch for delivery in deliveries}) == 3

"""Commands as an owner sees them: `ingle serve` as a process, a real mosquitto, and its own client programs."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.house import environment, furnish, ingle
from tests.support.mqtt import Mosquitto, Person, running_mosquitto
from tests.test_end_to_end import free_port

pytestmark = pytest.mark.skipif(
    Mosquitto.program() is None or shutil.which("mosquitto_rr") is None,
    reason="needs mosquitto and mosquitto-clients (Debian packages)",
)
HOUSE = """
[[areas]]
id = "kitchen"
names = ["Kitchen", {text = "廚房", language = "zh-TW"}]

[[areas]]
id = "bedroom"
names = ["Bedroom"]

[[devices]]
id = "kitchen_light"
names = ["Kitchen light", {text = "廚房燈", language = "zh-TW"}]
kind = "light"
area = "kitchen"
topic = "lamps/kitchen/set"

[[devices]]
id = "bedroom_light"
kind = "light"
area = "bedroom"
names = ["Bedroom light"]
topic = "lamps/bedroom/set"
state_topic = "lamps/bedroom"

[devices.capabilities.brightness]
topic = "lamps/bedroom/brightness/set"
state_topic = "lamps/bedroom/brightness"
"""
DISCOVERED = {
    "name": "Coffee machine",
    "command_topic": "plugs/coffee/set",
    "unique_id": "coffee",
    "device": {"identifiers": ["coffee"], "name": "Coffee machine"},
}


@dataclass
class House:
    """An appliance, its broker, and somebody who listens."""

    broker: Mosquitto
    environ: dict[str, str]
    process: subprocess.Popen[bytes]

    @property
    def to(self) -> tuple[str, ...]:
        return ("-h", self.broker.address.host, "-p", str(self.broker.address.port))

    async def program(self, name: str, *arguments: str) -> str:
        """What one of mosquitto's own clients prints."""
        done = await asyncio.to_thread(
            subprocess.run, [name, *self.to, *arguments], capture_output=True, timeout=30, check=True
        )
        return done.stdout.decode()

    async def command(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return await asyncio.to_thread(ingle, "command", *arguments, environ=self.environ)

    async def start(self) -> None:
        """Start it (again), and wait until it takes commands."""
        self.process = subprocess.Popen(  # noqa: ASYNC220  it forks and returns
            [sys.executable, "-m", "runtime", "serve"],
            env=self.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        async with asyncio.timeout(60):
            while not await self.answers():  # noqa: ASYNC110  it tells nobody when it is there
                await asyncio.sleep(0.2)

    async def answers(self) -> bool:
        return b'"status"' in (await self.command("--json", "is the bedroom light on")).stdout


@asynccontextmanager
async def house(folder: Path, **settings: str) -> AsyncIterator[House]:
    """A furnished house, with one lamp that tells its state; `settings` as environment variables have them."""
    furnish(folder)
    (folder / "house").mkdir(exist_ok=True)
    (folder / "house" / "house.toml").write_text(HOUSE, encoding="utf-8")
    async with running_mosquitto(folder) as broker:
        environ = environment(
            folder,
            INGLE_MQTT_BROKER=str(broker.address),
            INGLE_MQTT_NODE="home",
            INGLE_SERVER_PORT=str(free_port()),
            INGLE_COMMANDS_LANGUAGES="en,zh-TW",
            INGLE_COMMANDS_STATE_WAIT_S="0.2",
            **settings,
        )
        there = House(broker, environ, subprocess.Popen([sys.executable, "-c", ""]))  # noqa: ASYNC220  at once over
        await there.start()
        try:
            yield there
        finally:
            there.process.terminate()
            await asyncio.to_thread(there.process.wait, 30)


async def test_a_sentence_on_mqtt_moves_a_lamp_once_and_is_answered(tmp_path: Path) -> None:
    async with house(tmp_path) as there, Person(there.broker.address, "ingle/home/command/result") as person:
        async with listening(there, "lamps/#", "plugs/#") as heard:
            await there.program(
                "mosquitto_pub", "-t", "ingle/home/command", "-m", "turn on the kitchen light"
            )
            told = await person.hear()
            assert (told["status"], told["text"]) == ("sent", "Turned on the kitchen light.")

            said = await there.program(
                *("mosquitto_rr", "-V", "mqttv5", "-W", "10", "-t", "ingle/home/command"),
                *("-e", "reply/me", "-m", "把廚房燈關掉"),
            )
            assert json.loads(said)["status"] == "sent"

            config = ("homeassistant/switch/coffee/config", "-m", json.dumps(DISCOVERED))
            await there.program("mosquitto_pub", "-r", "-t", *config)
            await there.program(
                "mosquitto_pub", "-t", "ingle/home/command", "-m", "turn on the coffee machine"
            )
            assert (await person.hear())["actions"][0]["value"] is True

            await there.program("mosquitto_pub", "-r", "-t", "lamps/bedroom/brightness", "-m", "60")
            said_to = await there.command("--explain", "make the bedroom a bit darker")
            assert said_to.returncode == 0
            shown = said_to.stdout.decode()
            assert "bedroom_light.brightness = " in shown
            assert "route       rules, confidence 1.00" in shown

            refused = await there.command("order me a pizza")
            assert refused.returncode == 1
        moved = [each for each in heard if each[0].endswith("/set")]
        assert moved[:3] == [
            ("lamps/kitchen/set", "ON"),
            ("lamps/kitchen/set", "OFF"),
            ("plugs/coffee/set", "ON"),
        ]
        assert len(moved) == 4, "each exactly once, and nothing for a pizza"
        topic, value = moved[3]
        assert topic == "lamps/bedroom/brightness/set"
        assert 20 <= float(value) < 60


async def test_what_was_acknowledged_is_answered_after_a_kill(tmp_path: Path) -> None:
    async with house(tmp_path) as there, Person(there.broker.address, "ingle/home/command/result") as person:
        order = {"id": "1", "text": "in two seconds turn on the kitchen light", "expires_s": 60}
        person.say("ingle/home/command", order)
        assert (await person.hear_result("1"))["status"] == "planned"
        there.process.kill()
        await asyncio.to_thread(there.process.wait, 30)
        person.say("ingle/home/command", {"id": "2", "text": "turn off the kitchen light", "expires_s": 60})
        async with listening(there, "lamps/#") as heard:
            await there.start()
            results: dict[str, tuple[str, str]] = {}
            while {"1", "2"} - results.keys():
                told: Any = await person.hear()
                if told["id"] in {"1", "2"} and told["status"] != "planned":
                    results[told["id"]] = told["status"], told["text"]
            await asyncio.sleep(0.5)
        assert results == {
            "1": ("sent", "Turned on the kitchen light."),
            "2": ("sent", "Turned off the kitchen light."),
        }
        assert sorted(heard) == [("lamps/kitchen/set", "OFF"), ("lamps/kitchen/set", "ON")]


@asynccontextmanager
async def listening(there: House, *topics: str) -> AsyncIterator[list[tuple[str, str]]]:
    """What is said on the topics, in the end: the list is filled when the block ends."""
    wanted = [part for topic in topics for part in ("-t", topic)]
    process = subprocess.Popen(  # noqa: ASYNC220  it forks and returns
        ["mosquitto_sub", *there.to, "-v", *wanted], stdout=subprocess.PIPE, env=os.environ
    )
    await asyncio.sleep(0.5)
    heard: list[tuple[str, str]] = []
    try:
        yield heard
        await asyncio.sleep(0.5)
    finally:
        process.terminate()
        out, _ = await asyncio.to_thread(process.communicate)
        for line in out.decode().splitlines():
            topic, _, payload = line.partition(" ")
            heard.append((topic, payload))


async def test_a_group_hermes_and_home_assistant_find_the_appliance(tmp_path: Path) -> None:
    said = {"siteId": "bedroom", "sessionId": "s1"}
    topics = ("ingle/any/command/result", "hermes/+/say", "hermes/intent/+", "homeassistant/device/+/config")
    async with (
        house(tmp_path, INGLE_MQTT_GROUP="upstairs", INGLE_MQTT_HERMES="true") as there,
        Person(there.broker.address, *topics) as person,
    ):
        assert (await person.hear())["device"]["name"] == "Inglenook home"
        person.say("ingle/any/command", b"turn on the kitchen light")
        assert (await person.hear())["status"] == "sent"
        person.say("hermes/nlu/query", {"input": "turn on the bedroom light", **said})
        assert (await person.hear())["intent"]["intentName"] == "TurnOn"
        person.say("hermes/asr/textCaptured", {"text": "turn on the kitchen light", **said})
        assert (await person.hear())["text"] == "Turned on the kitchen light."


async def test_what_is_said_during_a_restart_is_done_after_it(tmp_path: Path) -> None:
    async with house(tmp_path) as there, Person(there.broker.address, "ingle/home/command/result") as person:
        there.process.terminate()
        await asyncio.to_thread(there.process.wait, 30)
        person.say("ingle/home/command", b"turn on the kitchen light")
        await there.start()
        assert (await person.hear())["status"] == "sent"

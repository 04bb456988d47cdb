"""The house of the pages: its files, written one below the other, start an appliance that behaves as the pages say."""

import asyncio
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import pytest

from runtime.commands.policy.toml import policy_file
from runtime.commands.registry.toml import house_file
from runtime.config import Broker
from runtime.mqtt.topics import matches
from tests.runtime.mqtt.test_client import certificates
from tests.runtime.mqtt.test_docs import as_user, broker_of_the_page
from tests.support.house import environment, furnish, ingle
from tests.support.mqtt import Mosquitto, Person, running_mosquitto
from tests.test_end_to_end import free_port

DOCS: Final = Path(__file__).resolve().parent.parent / "docs"
PAGES: Final = tuple(
    DOCS / f"{each}.md" for each in ("commands", "devices", "sentences", "policy", "mqtt", "fleet")
)
FILES: Final = ("house.toml", "sentences.toml", "policy.toml")
__all__ = ["certificates"]
pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="the pages are in the repository, not in the wheel")
needs_clients = pytest.mark.skipif(
    Mosquitto.program() is None or shutil.which("mosquitto_rr") is None,
    reason="needs mosquitto and mosquitto-clients (Debian packages)",
)


def fences(language: str) -> Iterator[str]:
    """Of all pages, in their order."""
    for page in PAGES:
        yield from re.findall(
            rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
        )


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A state directory with a model and the owner's files, as somebody has them who pastes all there is."""
    furnish(tmp_path)
    (tmp_path / "house").mkdir()
    for name in FILES:
        pasted = "\n".join(each for each in fences("toml") if each.startswith(f"# {name}\n"))
        assert pasted
        (tmp_path / "house" / name).write_text(pasted, encoding="utf-8")
    return tmp_path


def written(state: Path, name: str) -> dict[str, Any]:
    return tomllib.loads((state / "house" / name).read_text("utf-8"))


def test_what_the_pages_name_is_in_the_house(state: Path) -> None:
    house = house_file(state / "house" / "house.toml")
    devices = {each.entry.device.id for each in house.devices} | house.owned.keys()
    areas = {each.id for each in house.areas}
    for sentence in written(state, "sentences.toml")["sentence"]:
        assert {each["device"] for each in sentence.get("do", ())} <= devices
    assert policy_file(state / "house" / "policy.toml").clients
    rules = written(state, "policy.toml")
    for rule in (*rules["dangerous"], *rules["quiet"], *rules["clients"]):
        for ids, known in ((rule.get("devices", ()), devices), (rule.get("areas", ()), areas)):
            for pattern in ids:
                assert any(fnmatchcase(each, pattern) for each in known), pattern


def topics_of(table: dict[str, Any]) -> Iterator[str]:
    """Wherever a description of a device, in whatever form, names one."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from topics_of(value)
        elif key.endswith("topic"):
            yield value


def test_the_access_rules_let_an_appliance_reach_every_device_of_the_house(state: Path) -> None:
    (acl,) = (each for each in fences("conf") if each.startswith("# acl\n"))
    (discovery,) = re.findall(r"homeassistant/\S+ -m '(.*)'", "\n".join(fences("sh")))
    told = (*written(state, "house.toml")["devices"], *map(json.loads, (*fences("json"), discovery)))
    topics = {topic for table in told for topic in topics_of(table)}
    assert len(topics) > 15
    for user in ("inglenook-one", "inglenook-two"):
        block = acl.split(f"user {user}\n")[1].split("\n\n")[0]
        allowed = re.findall(r"^topic readwrite (\S+)$", block, re.MULTILINE)
        assert [topic for topic in topics if not any(matches(each, topic) for each in allowed)] == []


@dataclass
class Served:
    """An appliance in this house."""

    environ: dict[str, str]
    log: Path

    async def command(self, *arguments: str) -> str:
        """What `ingle command` prints."""
        done = await asyncio.to_thread(ingle, "command", *arguments, environ=self.environ)
        return (done.stdout + done.stderr).decode()

    async def result(self, text: str) -> Any:
        """What comes of a command of the owner's."""
        return json.loads(await self.command("--json", text))


@asynccontextmanager
async def served(state: Path, **settings: str) -> AsyncIterator[Served]:
    environ = environment(
        state,
        INGLE_SERVER_PORT=str(free_port()),
        INGLE_COMMANDS_LANGUAGES="en,zh-TW",
        INGLE_COMMANDS_STATE_WAIT_S="0.2",
        **settings,
    )
    there = Served(environ, state / "serve.log")
    with there.log.open("wb") as log:
        process = subprocess.Popen(  # noqa: ASYNC220  it forks and returns
            [sys.executable, "-m", "runtime", "serve"], env=environ, stdout=log, stderr=log
        )
    try:
        async with asyncio.timeout(120):
            while '"status"' not in await there.command("--json", "where is the spare key"):
                assert process.poll() is None, there.log.read_text()
                await asyncio.sleep(0.2)
        yield there
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 30)


async def published(broker: Broker, line: str) -> None:
    """One of the pages' `mosquitto_pub` lines, at this broker."""
    program, *rest = shlex.split(line)
    words = (program, "-h", broker.host, "-p", str(broker.port), *rest)
    await asyncio.to_thread(subprocess.run, words, check=True, timeout=60)


async def said_as(person: Person, topic: str, text: str) -> Any:
    person.say(topic, {"id": text, "text": text})
    return await person.hear_result(text)


@needs_clients
async def test_the_owner_of_the_house_commands_it_and_is_not_locked_out(state: Path) -> None:
    async with running_mosquitto(state) as broker, Person(broker.address) as device:
        device.say("zigbee2mqtt/kitchen", {"state": "ON", "brightness": 152}, retain=True)
        settings = {"INGLE_MQTT_BROKER": str(broker.address), "INGLE_MQTT_NODE": "home"}
        async with served(state, **settings) as there:
            assert "kitchen_light.brightness = 50" in await there.command(
                "--explain", "make the kitchen a bit darker"
            )
            commands = (
                "turn on the kitchen light",
                "lock the front door",
                "film night",
                "please start the film",
            )
            for text in (*commands, "我要睡了"):
                assert (await there.result(text))["status"] in {"done", "sent"}, text
            asked = await there.result("turn on the oven")
            assert asked["status"] == "asked"
            assert asked["text"] in PAGES[3].read_text("utf-8")
            assert (await there.result("where is the spare key"))["text"].endswith("number 12.")
            lines = [
                each for block in fences("sh") for each in block.splitlines() if "homeassistant/" in each
            ]
            await published(broker.address, lines[0])
            (shelf,) = (each for each in fences("json") if "boards/shelf" in each)
            device.say("ingle/devices/shelf", json.loads(shelf), retain=True)
            async with asyncio.timeout(120):
                while (await there.result("打開層架燈"))["status"] != "sent":  # noqa: ASYNC110  until it is known
                    await asyncio.sleep(0.1)
            assert (await there.result("turn on the desk lamp"))["actions"][0]["device"] == "light.desk"


@needs_clients
async def test_clients_may_do_what_the_policy_says_and_are_told_their_names(state: Path) -> None:
    async with (
        running_mosquitto(state) as broker,
        Person(broker.address, "ingle/home/command/result") as person,
    ):
        settings = {"INGLE_MQTT_BROKER": str(broker.address), "INGLE_MQTT_NODE": "home"}
        async with served(state, **settings):
            plain = "ingle/home/command"
            for topic, text, status in (
                (f"{plain}/from/tablet", "turn off the hall light", "sent"),
                (f"{plain}/from/tablet", "lock the front door", "sent"),
                (f"{plain}/from/tablet", "unlock the front door", "refused"),
                (f"{plain}/from/phone", "turn on the TV", "sent"),
                (f"{plain}/from/visitor", "turn on the hall light", "refused"),
                (plain, "turn on the kitchen light", "sent"),
                (plain, "turn off the TV", "refused"),
            ):
                told = await said_as(person, topic, text)
                assert told["status"] == status, told
                if status == "refused":
                    name = topic.removeprefix(plain).removeprefix("/from/")
                    assert f"“{name}”" in told["text"]
                    assert "policy.toml" in told["text"]


@needs_clients
async def test_under_the_access_rules_a_device_moves_and_who_is_refused_hears_why(
    state: Path, certificates: Path
) -> None:
    async with broker_of_the_page(certificates) as (_, address):
        (certificates / "mqtt.password").write_text("secret\n")
        settings = next(each for each in fences("toml") if "inglenook-one" in each)
        settings = settings.replace("broker.example:8883", f"{address.host}:{address.port}")
        (state / "fleet.toml").write_text(settings.replace("/etc/inglenook", str(certificates)))
        own, reply = "ingle/one/command/from/tablet", "ingle/one/reply/tablet"
        async with (
            served(state, INGLENOOK_CONFIG=str(state / "fleet.toml")) as there,
            Person(address, "zigbee2mqtt/kitchen/set", **as_user(certificates, "zigbee2mqtt")) as bridge,
            Person(address, reply, **as_user(certificates, "tablet")) as person,
            Person(address, reply, "ingle/one/command/result", **as_user(certificates, "phone")) as snoop,
        ):
            command = {"text": "turn on the kitchen light", "reply_to": reply}
            for topic in ("ingle/one/command/from/phone", "ingle/one/command", "zigbee2mqtt/kitchen/set"):
                person.say(topic, {**command, "id": "forged"})
            person.say(own, {**command, "id": "mine"})
            assert (await person.hear_result("mine"))["status"] == "sent"
            assert await bridge.hear() == {"state": "ON"}
            person.say(own, {**command, "id": "astray", "reply_to": "clients/tablet"})
            astray = await person.hear_result("astray")
            assert (astray["status"], astray["param"]) == ("refused", "reply_to")
            hints = [each.strip() for each in there.log.read_text().splitlines() if "mosquitto_" in each]
            tried = "\n".join([*(each for each in hints if "/command" in each), "wait"])
            done = await asyncio.to_thread(
                subprocess.run, ["bash", "-c", tried], capture_output=True, timeout=90
            )
            assert json.loads(done.stdout)["status"] == "asked", "the hint at the start is a command"
            assert "secret" not in there.log.read_text()
            assert bridge.heard_nothing_more()
            assert snoop.heard_nothing_more()

"""What docs/mqtt.md and docs/fleet.md say, done."""

import asyncio
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from runtime.commands.meaning import Reason
from runtime.commands.order import Status
from runtime.config import Broker, load
from runtime.mqtt.link import Endpoint
from runtime.mqtt.topics import Topics
from tests.runtime.mqtt.test_client import certificates
from tests.runtime.mqtt.test_commands_brokers import appliance
from tests.support.mqtt import Mosquitto, Person, running_mosquitto

DOCS = Path(__file__).parents[3] / "docs"
MQTT, FLEET = DOCS / "mqtt.md", DOCS / "fleet.md"
needs_docs = pytest.mark.skipif(
    not FLEET.exists(), reason="the pages are in the repository, not in the wheel"
)
needs_clients = pytest.mark.skipif(
    Mosquitto.program() is None or shutil.which("mosquitto_rr") is None, reason="mosquitto is not installed"
)
pytestmark = [needs_docs, needs_clients]
__all__ = ["certificates"]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)


def commands(page: Path, topic: str) -> list[list[str]]:
    """The shell lines that say something on a topic."""
    lines = [shlex.split(line) for block in blocks(page, "sh") for line in block.splitlines()]
    return [words for words in lines if topic in words]


async def run(broker: Broker, words: list[str]) -> str:
    program, *rest = words
    process = await asyncio.create_subprocess_exec(
        program, "-h", broker.host, "-p", str(broker.port), *rest, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 0
    return output.decode()


async def test_each_command_of_the_page_gets_its_result(tmp_path: Path) -> None:
    said = commands(MQTT, "ingle/home/command")
    assert len(said) == 3
    async with running_mosquitto(tmp_path) as mosquitto, appliance(Endpoint(mosquitto.address)) as desk:
        for number, words in enumerate(said, start=1):
            async with Person(mosquitto.address, "ingle/home/command/result", "clients/me") as person:
                output = await run(mosquitto.address, words)
                result = json.loads(output) if words[0] == "mosquitto_rr" else await person.hear()
            assert (result["status"], result["node"]) == ("sent", "home")
            assert result["actions"] == [{"device": "lamp0", "capability": "power", "value": True}]
            assert len(desk.orders) == number


def test_every_status_and_reason_is_on_the_page() -> None:
    page = MQTT.read_text()
    for word in (*Status, *Reason):
        assert f"`{word.value}`" in page


def test_every_topic_is_on_the_page() -> None:
    page, topics = MQTT.read_text(), Topics("NODE")
    for name in dir(Topics):
        if isinstance(topic := getattr(topics, name), str) and topic.startswith("ingle/"):
            assert f"`{topic.replace('+', 'CLIENT')}`" in page, name


def give_passwords(file: Path) -> None:
    for name in ("inglenook-one", "inglenook-two", "zigbee2mqtt", "tablet", "phone"):
        new = [] if file.exists() else ["-c"]
        subprocess.run(["mosquitto_passwd", "-b", *new, file, name, "secret"], check=True)


@asynccontextmanager
async def broker_of_the_page(folder: Path) -> AsyncIterator[tuple[Mosquitto, Broker]]:
    """Mosquitto with the page's configuration, but for where it is and what port it takes."""
    conf, acl = (text.split("\n", 1) for text in blocks(FLEET, "conf"))
    assert (conf[0], acl[0]) == ("# mosquitto.conf", "# acl")
    (folder / "acl").write_text(acl[1])
    (folder / "acl").chmod(0o600)
    give_passwords(folder / "passwords")
    settings = conf[1].replace("/etc/mosquitto", str(folder)).replace("/var/lib/mosquitto", str(folder))
    mosquitto = Mosquitto(folder, whole=settings)
    await mosquitto.start()
    try:
        yield mosquitto, Broker(mosquitto.address.host, mosquitto.address.port, tls=True)
    finally:
        mosquitto.stop()


def as_user(folder: Path, name: str) -> dict[str, Any]:
    return {"username": name, "password": "secret", "ca_file": folder / "ca.pem"}


async def test_the_fleets_settings_are_settings(tmp_path: Path) -> None:
    for page in (MQTT, FLEET):
        for number, block in enumerate(blocks(page, "toml")):
            path = tmp_path / f"{page.stem}{number}.toml"
            path.write_text(block)
            assert load(path, environ={}).config.mqtt.node in {"kitchen", "one"}

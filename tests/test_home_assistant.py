"""A board, two appliances and a real mosquitto: what Home Assistant and the other appliance see, and what they move."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from firmware_bridge.simulator import SimulatedBoard
from firmware_bridge.tcp import TcpTransport
from tests.support.hass import Entity, HomeAssistant
from tests.support.house import furnish
from tests.support.mqtt import Mosquitto, Person, until
from tests.test_commands_end_to_end import House, house
from tests.test_end_to_end import free_port

pytestmark = pytest.mark.skipif(
    Mosquitto.program() is None, reason="needs mosquitto and mosquitto-clients (Debian packages)"
)


@dataclass
class Plug:
    """A simulated board behind a socket, and its plug."""

    board: SimulatedBoard
    port: int = 0
    _listener: asyncio.Server | None = None

    async def plug(self) -> None:
        self._lines: list[TcpTransport] = []
        self._listener = await asyncio.start_server(self._plugged, "127.0.0.1", self.port)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def pull(self) -> None:
        if self._listener is not None:
            self._listener.close()
        for line in self._lines:
            await line.close()

    async def _plugged(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = TcpTransport.accepted(reader, writer)
        self._lines.append(line)
        await self.board.run(line)


@asynccontextmanager
async def watching(there: House) -> AsyncIterator[tuple[HomeAssistant, Person]]:
    """Home Assistant on the broker of a house."""
    topics = ("homeassistant/#", "ingle/+/status", "ingle/+/board/#")
    async with Person(there.broker.address, *topics) as person:
        found = HomeAssistant()

        async def hear() -> None:
            while True:
                message = await person.wait_message()
                found.hear(message.topic, bytes(message.payload))

        hearing = asyncio.create_task(hear())
        try:
            yield found, person
        finally:
            hearing.cancel()


@asynccontextmanager
async def plugged() -> AsyncIterator[Plug]:
    plug = Plug(SimulatedBoard())
    await plug.plug()
    try:
        yield plug
    finally:
        await plug.pull()


@asynccontextmanager
async def another(there: House, folder: Path) -> AsyncIterator[House]:
    """A second appliance on the same broker, without a board."""
    furnish(folder)
    own = {
        "INGLENOOK_STATE": str(folder),
        "HOME": str(folder),
        "INGLE_MQTT_NODE": "shed",
        "INGLE_SERVER_PORT": str(free_port()),
    }
    environ = {key: value for key, value in there.environ.items() if key != "INGLE_BRIDGE_BOARDS"} | own
    second = House(there.broker, environ, subprocess.Popen([sys.executable, "-c", ""]))  # noqa: ASYNC220  at once over
    await second.start()
    try:
        yield second
    finally:
        second.process.terminate()
        await asyncio.to_thread(second.process.wait, 30)


def _there(found: HomeAssistant, component: str, name: str) -> Entity:
    entity = found.entity(component, name)
    assert entity is not None
    return entity


@pytest.fixture
def rooms(tmp_path: Path) -> tuple[Path, Path]:
    """For the states of two appliances."""
    here, next_door = tmp_path / "here", tmp_path / "next_door"
    here.mkdir()
    next_door.mkdir()
    return here, next_door


async def test_a_board_in_home_assistant_and_in_the_next_room(rooms: tuple[Path, Path]) -> None:
    async with (
        plugged() as plug,
        house(
            rooms[0], INGLE_BRIDGE_BOARDS=f"socket://127.0.0.1:{plug.port}", INGLE_BRIDGE_FIND="false"
        ) as there,
        watching(there) as (found, person),
    ):
        await until(lambda: (lamp := found.entity("light", "lamp")) is not None and found.available(lamp))
        lamp, mode = _there(found, "light", "lamp"), _there(found, "select", "mode")
        await until(lambda: found.state(lamp, "state_template") == "off")
        assert found.entity("switch", "relay") is None, "what is dangerous is only seen"

        person.say(lamp["command_topic"], lamp.send("on", 77).encode())
        await until(lambda: found.state(lamp, "brightness_template") == "76")
        person.say(mode["command_topic"], mode.send("set", "boost").encode())
        await until(lambda: found.state(mode) == "boost")
        chime = _there(found, "button", "chime")
        person.say(chime["command_topic"], chime.send("press").encode())
        person.say(chime["command_topic"], chime.send("press").encode())
        relay = {"device": "simulated-0001.relay", "capability": "power", "value": True}
        person.say(lamp["command_topic"], relay)
        await until(lambda: len(plug.board.acted) >= 4)
        await asyncio.sleep(0.3)
        assert plug.board.acted == [("lamp", 30), ("mode", 2), ("chime", None), ("chime", None)], "each once"

        async with another(there, rooms[1]) as next_door:
            said = await next_door.command("turn on the lamp")
            assert b"Turned on" in said.stdout, said
            await until(lambda: found.state(lamp, "brightness_template") == "255")
            await asyncio.sleep(0.3)
            assert plug.board.acted[4:] == [("lamp", 100)], "once"
            said = await there.command("turn off the lamp")
            assert said.returncode == 0, "there is one lamp here, not two"
        assert plug.board.acted[5:] == [("lamp", 0)]

        await plug.pull()
        await until(lambda: not found.available(lamp))
        assert found.entity("light", "lamp") is not None
        await plug.plug()
        await until(lambda: found.available(lamp))

        there.process.kill()
        await until(lambda: not found.available(lamp))
        assert found.heard["ingle/home/board/simulated-0001"] == b"online", "only the last will says so"
        await plug.pull()
        await asyncio.to_thread(there.process.wait, 30)
        await there.start()
        await until(lambda: found.heard["ingle/home/board/simulated-0001"] == b"offline")
        assert json.loads(found.heard["ingle/home/status"])["state"] == "online"
        assert not found.available(lamp)

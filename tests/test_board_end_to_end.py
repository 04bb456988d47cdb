"""Boards, a whole appliance and a real mosquitto: from a sentence to a register of an emulated Uno."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from firmware_bridge.described.simulated_firmata import SimulatedFirmataBoard
from firmware_bridge.described.simulated_text import SimulatedTextBoard
from tests.support.boards import behind_a_socket
from tests.support.described import FIRMATA, TEXT
from tests.support.firmware import Emulator, make, need, need_simavr
from tests.support.mqtt import Mosquitto, Person, until
from tests.test_commands_end_to_end import house

OCR0A, PORTD = 0x47, 0x2B
RELAY_PIN = 1 << 7

pytestmark = pytest.mark.skipif(
    Mosquitto.program() is None, reason="needs mosquitto and mosquitto-clients (Debian packages)"
)


@pytest.fixture
def uno(tmp_path: Path) -> Iterator[Emulator]:
    need("avr-gcc", "make")
    need_simavr()
    room = tmp_path / "firmware"
    room.mkdir()
    make(room, "uno")
    make(room, "emulator")
    with Emulator(room) as emulator:
        yield emulator


async def test_what_its_owner_describes_is_told_and_heard_by_name(tmp_path: Path) -> None:
    greenhouse, workshop = SimulatedTextBoard(), SimulatedFirmataBoard()
    folder = tmp_path / "appliance"
    (folder / "house").mkdir(parents=True)
    written = ""
    async with AsyncExitStack() as lines:
        for text, run in ((TEXT, greenhouse.run), (FIRMATA, workshop.run)):
            port = await lines.enter_async_context(behind_a_socket(run))
            written += text.replace("7777", str(port))
        (folder / "house" / "boards.toml").write_text(written, encoding="utf-8")
        there = await lines.enter_async_context(house(folder))
        for said, told in (("set the fan to 30 percent", b"30%"), ("turn the lamp to 40 percent", b"40%")):
            async with asyncio.timeout(20):
                while (done := await there.command(said)).returncode:  # noqa: ASYNC110  it asks
                    await asyncio.sleep(0.2)
            assert told in done.stdout
        assert greenhouse.values["FAN"] == "30"
        asked = await there.command("turn on the pump")
        assert b"Do you really want" in asked.stdout, "its owner says that it is dangerous"
        assert greenhouse.values["PUMP"] == "0"


async def test_a_sentence_moves_a_register_a_press_is_heard_and_a_kill_makes_it_safe(
    uno: Emulator, tmp_path: Path
) -> None:
    folder = tmp_path / "appliance"
    folder.mkdir()
    async with (
        house(folder, INGLE_BRIDGE_BOARDS=f"socket://127.0.0.1:{uno.port}") as there,
        Person(there.broker.address, "ingle/home/board/+/button") as person,
    ):
        async with asyncio.timeout(20):
            while (said := await there.command("turn the lamp to 30 percent")).returncode:  # noqa: ASYNC110  it asks
                await asyncio.sleep(0.2)
        assert b"30%" in said.stdout
        assert uno.data(OCR0A) == 77  # of 255

        uno.wish("press")
        assert await person.hear() == {"value": None}
        uno.wish("release")

        assert (await there.command("turn on the relay")).returncode == 0
        await until(lambda: bool(uno.data(PORTD) & RELAY_PIN))
        there.process.kill()  # and nobody is there to say otherwise
        await until(lambda: not uno.data(PORTD) & RELAY_PIN)
        assert uno.data(OCR0A) == 77  # a lamp may stay on
        await there.start()
        assert (await there.command("turn off the lamp")).returncode == 0
        assert uno.data(OCR0A) == 0

"""An Arduino Uno as it is sold, flashed: the real avrdude, the real optiboot, the real firmware, in simavr."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_bridge.client import Board
from firmware_bridge.flash import flashing
from firmware_bridge.flash.bundle import Bundle, described
from firmware_bridge.flash.errors import OtherVersionError, WrongBoardError
from firmware_bridge.flash.events import Event, Progress
from firmware_bridge.flash.manifest import Avrdude
from firmware_bridge.transport import transport
from tests.support.firmware import Emulator, make, make_boot_loader, need, need_simavr

UNO = Avrdude("atmega328p", "arduino", 115200)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("avrdude", "avr-gcc", "make")
    need_simavr()
    room = tmp_path_factory.mktemp("uno")
    make_boot_loader(room)
    make(room, "VERSION=1.2.3", "hex", "emulator")
    return room


@pytest.fixture
def address(room: Path) -> Iterator[str]:
    with Emulator(room, "optiboot.hex") as uno:
        yield f"socket://127.0.0.1:{uno.port}"


def bundle(room: Path, version: str, board: str = "uno") -> Bundle:
    files = {"uno.hex": (room / "uno.hex").read_bytes()}
    return Bundle(described("lamp", version, board, UNO, files, describes_itself=True), files)


async def test_a_board_is_flashed_and_tells_its_new_version(room: Path, address: str) -> None:
    told: list[Event] = []
    assert await flashing.flash(address, bundle(room, "1.2.3"), told.append) == "1.2.3"
    assert Progress("writing", 100, 100) in told
    found = await flashing.look(address, bundle(room, "1.2.3"))
    assert (found.board, found.version) == ("uno", "1.2.3")
    with pytest.raises(WrongBoardError, match="for 'mega', and the board on the line is 'uno'"):
        await flashing.look(address, bundle(room, "1.2.3", "mega"))


async def test_a_serial_number_is_uploaded_with_the_program_and_kept_when_firmware_comes_without_one(
    room: Path, address: str, tmp_path: Path
) -> None:
    port = address.replace("socket://", "net:")
    make(tmp_path, "uno")  # what was built before it had a number is not uploaded
    await asyncio.to_thread(make, tmp_path, f"PORT={port}", "SERIAL=kitchen-1", "VERSION=1.2.2", "upload")
    for version in ("1.2.2", "1.2.3"):
        async with Board(transport(address)) as board:
            assert board.about
            assert (board.about.firmware, board.about.serial) == (version, "kitchen-1")
        await flashing.flash(address, bundle(room, "1.2.3"), lambda _: None)


async def test_a_board_that_tells_another_version_than_the_bundle(room: Path, address: str) -> None:
    with pytest.raises(OtherVersionError, match=r"was given 9\.9\.9, and says it runs 1\.2\.3"):
        await flashing.flash(address, bundle(room, "9.9.9"), lambda _: None)

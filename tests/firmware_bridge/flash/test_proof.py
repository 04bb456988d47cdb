"""Firmware uploaded by SMP that describes itself: kept only after it has told the version it should."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

pytest.importorskip("smpclient", reason="smpclient is not installed; script/check installs it")

from firmware_bridge.flash import flashing
from firmware_bridge.flash.bundle import Bundle, described
from firmware_bridge.flash.errors import OtherVersionError
from firmware_bridge.flash.events import Event, Step
from firmware_bridge.flash.manifest import Smp
from firmware_bridge.pump import pump
from firmware_bridge.simulator import SimulatedBoard
from firmware_bridge.smp import image
from firmware_bridge.smp.client import Patience
from firmware_bridge.smp.simulator import SimulatedSmpBoard, new_flash
from firmware_bridge.tcp import TcpTransport
from tests.support.smp_boards import FACTORY, NEW

PATIENCE = Patience(restart_s=0.05)
BEGINS_SMP = b"\x06"


class Both:
    """A board that speaks SMP or our protocol, whichever it hears; in ours it always says that it runs 1.0.0."""

    def __init__(self) -> None:
        self.smp = SimulatedSmpBoard(new_flash(slot_sectors=8))
        self._ours = SimulatedBoard()

    def step(self, now: float, data: bytes = b"") -> tuple[bytes, float | None]:
        if data.startswith(BEGINS_SMP):
            return self.smp.step(now, data)
        return self._ours.step(now, data)


@asynccontextmanager
async def plugged_in(board: Both) -> AsyncIterator[str]:
    async def plugged(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = TcpTransport.accepted(reader, writer)
        await pump(line, board.step, asyncio.Event())

    async with await asyncio.start_server(plugged, "127.0.0.1", 0) as listener:
        yield f"socket://127.0.0.1:{listener.sockets[0].getsockname()[1]}"


def bundle(firmware: bytes) -> Bundle:
    files = {"a.bin": firmware}
    version = image.read(firmware).version
    return Bundle(described("x", version, "simulated_smp", Smp(), files, describes_itself=True), files)


def steps(told: list[Event]) -> list[str]:
    return [each.what for each in told if isinstance(each, Step)]


async def test_what_tells_its_version_is_kept() -> None:
    board, told = Both(), list[Event]()
    honest = image.make(b"another program", (1, 0, 0))
    async with plugged_in(board) as address:
        assert await flashing.flash(address, bundle(honest), told.append, patience=PATIENCE) == "1.0.0"
    assert steps(told)[-2:] == ["asking the board which firmware it runs", "keeping 1.0.0"]
    assert board.smp.running.hash == image.read(honest).hash
    assert not board.smp.loader.notes.on_trial


async def test_what_tells_another_version_is_not_kept() -> None:
    board, told = Both(), list[Event]()
    async with plugged_in(board) as address:
        with pytest.raises(OtherVersionError, match=r"was given 1\.1\.0, and says it runs 1\.0\.0"):
            await flashing.flash(address, bundle(NEW), told.append, patience=PATIENCE)
    assert steps(told)[-1] == "the board goes back to what it had"
    assert board.smp.running.hash == image.read(FACTORY).hash
    assert not board.smp.loader.notes.on_trial

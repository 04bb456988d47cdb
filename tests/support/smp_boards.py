"""A simulated SMP board at the end of a line, switched on as often as somebody opens it; its power fails where told."""

import asyncio
import contextlib

import pytest

pytest.importorskip("smpclient", reason="smpclient is not installed; script/check installs it")

from firmware_bridge.errors import ClosedError
from firmware_bridge.memory import MemoryTransport
from firmware_bridge.smp import image
from firmware_bridge.smp.simulator import FACTORY, SimulatedSmpBoard, new_flash
from firmware_bridge.smp.storage import Flash, PowerCutError
from tests.support.noise import Spoil, clean

NEW = image.make(bytes(range(256)) * 20, (1, 1, 0))
SILENT = image.make(b"silent" + bytes(range(256)) * 20, (7, 7, 7))
BROKEN = image.make(b"broken" + bytes(range(256)) * 20, (6, 6, 6))


class Plug:
    """The host's end of the line, which is a transport."""

    def __init__(self, flash: Flash | None = None, *, keeps_offset: bool = True, buffer: int = 384) -> None:
        self.flash = flash or new_flash(slot_sectors=8)
        self.board: SimulatedSmpBoard | None = None
        self.cuts = 0
        """How often the power failed."""
        self.went_on: list[tuple[int, int]] = []
        """For each time it was switched on: how much of an upload it had kept, and where that was gone on with."""
        self.to_board: Spoil = clean
        self.to_host: Spoil = clean
        self._keeps_offset, self._buffer = keeps_offset, buffer
        self._end: MemoryTransport | None = None
        self._living: asyncio.Task[None] | None = None

    def switch_on(self) -> SimulatedSmpBoard:
        """A board that runs, and that runs a whole image: making it fails if there is none."""
        while self.board is None:
            try:
                self.board = SimulatedSmpBoard(
                    self.flash, keeps_offset=self._keeps_offset, buffer=self._buffer
                )
                self._kept = self.board.loader.uploaded
            except PowerCutError:
                self.cuts += 1
        return self.board

    def switch_off(self) -> None:
        if self.board and self.board.uploads_begun_at:
            self.went_on.append((self._kept, self.board.uploads_begun_at[0]))
        self.board = None

    async def open(self) -> None:
        board = self.switch_on()
        self._end, far = MemoryTransport.pair()
        await self._end.open()
        self._living = asyncio.create_task(self._live(board, far))
        await asyncio.sleep(0)

    async def _live(self, board: SimulatedSmpBoard, far: MemoryTransport) -> None:
        try:
            await board.run(far)
        except PowerCutError:
            self.cuts += 1
            self.switch_off()

    async def read(self) -> bytes:
        spoilt = b""
        while not spoilt:
            spoilt = self.to_host(await self._opened().read())
        return spoilt

    async def write(self, data: bytes) -> None:
        if spoilt := self.to_board(data):
            await self._opened().write(spoilt)

    async def close(self) -> None:
        end, self._end = self._end, None
        if end:
            await end.close()
        if self._living:
            with contextlib.suppress(PowerCutError):
                await self._living

    def _opened(self) -> MemoryTransport:
        if self._end is None:
            raise ClosedError("the line is closed; open it again")
        return self._end


def version_after_power_cycle(plug: Plug) -> str:
    """What the board runs when it is next switched on."""
    plug.switch_off()
    return plug.switch_on().running.version


__all__ = ["BROKEN", "FACTORY", "NEW", "SILENT", "Plug", "version_after_power_cycle"]

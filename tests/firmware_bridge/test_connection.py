"""A line is kept open whatever becomes of it, and a link is left as the protocol says."""

import asyncio
import logging

import pytest

from firmware_bridge import cbor
from firmware_bridge.client import Board
from firmware_bridge.errors import BridgeError, VersionError
from firmware_bridge.events import Connected
from firmware_bridge.framing import Frame, Kind, Unframer, encode
from firmware_bridge.link.events import Rst
from firmware_bridge.memory import MemoryTransport
from tests.support.boards import Bench
from tests.support.simulated_time import in_simulated_time


class Faulty(Bench):
    """A line with a mistake in it, in what opens it or in what reads it."""

    def __init__(self, *, opening: int = 0, reading: int = 0) -> None:
        super().__init__()
        self._opening, self._reading = opening, reading

    async def open(self) -> None:
        if self._opening:
            self._opening -= 1
            raise UnicodeError("label too long")
        await super().open()

    async def read(self) -> bytes:
        data = await super().read()
        if self._reading:
            self._reading -= 1
            raise ZeroDivisionError
        return data


@pytest.mark.parametrize("line", [Faulty(opening=3), Faulty(reading=3)], ids=["opening", "reading"])
def test_a_mistake_costs_a_link_and_not_the_board(line: Faulty, caplog: pytest.LogCaptureFixture) -> None:
    @in_simulated_time
    async def kept() -> None:
        async with Board(line, patient=True) as board:
            async for event in board.events():
                if isinstance(event, Connected):
                    break
            assert await board.set("lamp", 30) == 30

    with caplog.at_level(logging.ERROR):
        kept()
    assert [each.levelname for each in caplog.records] == ["ERROR"]  # once, not at every try
    assert caplog.records[0].exc_info


@in_simulated_time
async def test_who_waits_for_a_board_is_told_of_a_mistake() -> None:
    with pytest.raises(BridgeError, match="label too long"):
        async with Board(Faulty(opening=1)):
            pass


@in_simulated_time
async def test_a_board_of_another_version_is_told_so() -> None:
    host, far = MemoryTransport.pair()
    await far.open()
    heard: list[Frame] = []

    async def answer() -> None:
        unframer = Unframer()
        while True:
            heard.extend(unframer.feed(await far.read()))
            if heard[-1].kind is Kind.SYN:
                link = cbor.read(heard[-1].payload)[1]  # type: ignore[index]  # a greeting
                greeting = cbor.write([9, link, 64, 4, 1, 3000])
                await far.write(encode(Frame(Kind.SYN_ACK, payload=greeting)))

    answering = asyncio.create_task(answer())
    with pytest.raises(VersionError, match="version 9"):
        async with Board(host):
            pass
    await asyncio.sleep(0.1)
    answering.cancel()
    assert Frame(Kind.RST, payload=bytes((Rst.PROTOCOL,))) in heard

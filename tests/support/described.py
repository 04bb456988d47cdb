"""Described boards on lines that can be cut and plugged in again; the examples of the page. Simulated time."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Protocol

from firmware_bridge.described.boards import DescribedBoard, read
from firmware_bridge.described.simulated_firmata import SimulatedFirmataBoard
from firmware_bridge.described.simulated_text import SimulatedTextBoard
from firmware_bridge.errors import ClosedError, NoSuchPortError
from firmware_bridge.events import Event, Listening
from firmware_bridge.memory import MemoryTransport
from firmware_bridge.transport import Transport
from tests.support.noise import Spoil, clean
from tests.support.simulated_time import simulated

TEXT = """
[[board]]
name = "greenhouse"
at = "socket://127.0.0.1:7777"
speaks = "text"
baud = 9600
ready = "READY"

[[board.capability]]
name = "pump"
type = "switch"
dangerous = true
set = "PUMP {value}"
get = "PUMP?"
tells = "PUMP={value}"
answer = "OK"
error = "ERR {text}"
safe = false

[[board.capability]]
name = "fan"
type = "number"
kind = "fan"
unit = "%"
min = 0
max = 100
set = "FAN {value}"
get = "FAN?"
tells = "FAN={value}"
answer = "OK"
error = "ERR {text}"

[[board.capability]]
name = "mode"
type = "options"
options = ["eco", "comfort"]
words = ["E", "C"]
set = "MODE {value}"
get = "MODE?"
tells = "MODE={value}"
answer = "OK"
error = "ERR {text}"

[[board.capability]]
name = "bell"
type = "press"
set = "BELL"
answer = "OK"

[[board.capability]]
name = "button"
type = "event"
tells = "BUTTON"

[[board.capability]]
name = "temperature"
type = "number"
device_class = "temperature"
unit = "°C"
min = -40
max = 125
step = 0.1
tells = "TEMP={value}"
"""

FIRMATA = """
[[board]]
name = "workshop"
at = "socket://127.0.0.1:7777"
speaks = "firmata"

[[board.capability]]
name = "relay"
type = "switch"
pin = 8
inverted = true
dangerous = true
safe = false

[[board.capability]]
name = "lamp"
type = "number"
kind = "light"
unit = "%"
min = 0
max = 100
pin = 9

[[board.capability]]
name = "chime"
type = "press"
pin = 4
pulse = 0.3

[[board.capability]]
name = "door"
type = "switch"
set = false
device_class = "door"
pin = 2
pull_up = true
inverted = false

[[board.capability]]
name = "button"
type = "event"
pin = 3
pull_up = true

[[board.capability]]
name = "temperature"
type = "number"
device_class = "temperature"
unit = "°C"
min = -40
max = 125
step = 0.5
analog = 0
at_zero = -50
at_full = 450
"""


class Simulated(Protocol):
    async def run(self, line: Transport) -> None: ...
    def reset(self) -> None: ...


class Outlet:
    """A simulated board, and the host's end of the line to it, which is a transport. Pulling it out cuts the power."""

    def __init__(self, board: Simulated) -> None:
        self.board = board
        self.to_board: Spoil = clean
        self.to_host: Spoil = clean
        self.plugged = True
        self.opened = 0
        self.written = b""
        self._end: MemoryTransport | None = None
        self._living: asyncio.Task[None] | None = None

    async def open(self) -> None:
        if not self.plugged:
            raise NoSuchPortError("there is no port; plug the board in")
        self.opened += 1
        self._end, far = MemoryTransport.pair()
        await self._end.open()
        self._living = asyncio.create_task(self.board.run(far))
        await asyncio.sleep(0)

    async def read(self) -> bytes:
        spoilt = b""
        while not spoilt:
            spoilt = self.to_host(await self._opened().read())
        return spoilt

    async def write(self, data: bytes) -> None:
        self.written += data
        for at in range(0, len(data), 3):  # a cut may come in the middle, and the board keeps the half
            await asyncio.sleep(0.0002)
            if piece := self.to_board(data[at : at + 3]):
                await self._opened().write(piece)

    async def close(self) -> None:
        end, self._end = self._end, None
        if end:
            await end.close()
        if self._living:
            await asyncio.wait([self._living])  # it hears what was said before, and then that nobody is there

    async def cut(self) -> None:
        """The line breaks; the board keeps its power."""
        if self._end:
            await self._end.close()
            self._end._came.put_nowait(b"")  # whoever reads is told

    async def unplug(self) -> None:
        self.plugged = False
        await self.cut()
        self.board.reset()

    def plug(self) -> None:
        self.plugged = True

    def _opened(self) -> MemoryTransport:
        if self._end is None:
            raise ClosedError("the line is closed")
        return self._end


def text_board(text: str = TEXT) -> tuple[SimulatedTextBoard, Outlet, DescribedBoard]:
    board = SimulatedTextBoard()
    return board, Outlet(board), read(text)[0]


def firmata_board(text: str = FIRMATA) -> tuple[SimulatedFirmataBoard, Outlet, DescribedBoard]:
    board = SimulatedFirmataBoard()
    return board, Outlet(board), read(text)[0]


def in_simulated_time(test: Callable[..., Coroutine[object, object, None]]) -> Callable[..., None]:
    @wraps(test)
    def run(*args: object, **named: object) -> None:
        simulated(test(*args, **named))

    return run


async def until(told: Listening, wanted: type[Event]) -> Event:
    async with asyncio.timeout(60):
        async for event in told:
            if isinstance(event, wanted):
                return event
    raise AssertionError("the board was let go before")

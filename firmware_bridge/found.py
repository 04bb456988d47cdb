"""The line of a port that nobody named: opened only while it is what was found, and no stranger's.

The system gives the name of a device to whatever comes next, and a board that was pulled out is tried for again and
again.
"""

import asyncio

from firmware_bridge.errors import NoSuchPortError
from firmware_bridge.ports import SYSTEM, Places, Port, ports
from firmware_bridge.transport import Transport


class FoundTransport:
    """A transport whose port is looked at before each opening."""

    def __init__(self, line: Transport, port: Port, places: Places = SYSTEM) -> None:
        """`line`: how to get at `port`, which was found in `places`."""
        self._line = line
        self._port = port
        self._places = places

    async def open(self) -> None:
        """Take the port, if it has the name, the device and the USB numbers with which it was found."""
        if self._port not in await asyncio.to_thread(ports, self._places):
            raise NoSuchPortError(
                f"{self._port.address} is not there, or not what it was; plug the board in again"
            )
        await self._line.open()

    async def read(self) -> bytes:
        """What came, at least one byte."""
        return await self._line.read()

    async def write(self, data: bytes) -> None:
        """Give bytes to the port."""
        await self._line.write(data)

    async def close(self) -> None:
        """Let go of the port."""
        await self._line.close()

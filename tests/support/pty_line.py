"""A serial device that is none: a pseudo-terminal, whose other end is a transport. For clients that open devices."""

import asyncio
import os
import tty

from firmware_bridge.errors import ClosedError


class PtyTransport:
    """The board's end. `device` is what a client opens."""

    def __init__(self) -> None:
        self._fd, self._far = os.openpty()
        tty.setraw(self._far)
        os.set_blocking(self._fd, False)
        self.device = os.ttyname(self._far)

    async def open(self) -> None:
        """Nothing is needed."""

    async def read(self) -> bytes:
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        loop.add_reader(self._fd, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(self._fd)
        try:
            return os.read(self._fd, 4096)
        except OSError as exc:
            raise ClosedError("the device is closed") from exc

    async def write(self, data: bytes) -> None:
        os.write(self._fd, data)

    async def close(self) -> None:
        os.close(self._fd)
        os.close(self._far)

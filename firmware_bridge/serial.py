"""A serial port. The only door to pyserial; its errors become ours here, each saying what to do."""

import asyncio
import errno
import fcntl
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import serial

from firmware_bridge.errors import (
    ClosedError,
    NoSuchPortError,
    PermissionDeniedError,
    PortTakenError,
    TransportError,
)
from firmware_bridge.ports import device_of
from firmware_bridge.transport import BAUD

_CHUNK: Final = 4096


class SerialTransport:
    """One port, ours alone while it is open. Needs an event loop that can watch files."""

    def __init__(self, port: str, baud: int = BAUD) -> None:
        """`port`: a device, or its name in /dev/serial/by-id, which stays the same whatever else is plugged in."""
        self._path = device_of(port)
        self._baud = baud
        self._port: serial.Serial | None = None

    async def open(self) -> None:
        """Take the port."""
        if self._port is None:
            self._port = await asyncio.to_thread(self._take)

    async def read(self) -> bytes:
        """What came, at least one byte."""
        loop = asyncio.get_running_loop()
        data = b""
        while not data:
            port = self._opened()
            await _until(loop.add_reader, loop.remove_reader, port)
            with _as_closed(self._path):
                data = bytes(port.read(_CHUNK))
        return data

    async def write(self, data: bytes) -> None:
        """Give bytes to the port's driver."""
        loop = asyncio.get_running_loop()
        rest = memoryview(data)
        while rest:
            port = self._opened()
            await _until(loop.add_writer, loop.remove_writer, port)
            with _as_closed(self._path):
                rest = rest[port.write(rest) or 0 :]

    async def close(self) -> None:
        """Let go of the port."""
        if self._port:
            port, self._port = self._port, None
            loop = asyncio.get_running_loop()
            loop.remove_reader(port.fileno())
            loop.remove_writer(port.fileno())
            port.close()

    def _opened(self) -> serial.Serial:
        if self._port is None or not self._port.is_open:
            raise ClosedError(f"{self._path} is closed; open it again")
        return self._port

    def _take(self) -> serial.Serial:
        with _as_unusable(self._path):
            port = serial.Serial(str(self._path), self._baud, timeout=0, write_timeout=0, exclusive=True)
        try:
            fcntl.ioctl(port.fileno(), termios.TIOCEXCL)  # the lock above holds off only who asks for it too
            _stay_up(port.fileno())
        except (OSError, termios.error) as exc:
            port.close()
            raise ClosedError(f"{self._path} went away as it was opened; plug the board in again") from exc
        return port


def _stay_up(fd: int) -> None:
    """Leave DTR as it is on closing: many boards reset when it falls and rises, and forget what they were told."""
    settings = termios.tcgetattr(fd)
    settings[2] &= ~termios.HUPCL
    termios.tcsetattr(fd, termios.TCSANOW, settings)


async def _until(
    add: Callable[[int, Callable[[], None]], object], remove: Callable[[int], bool], port: serial.Serial
) -> None:
    """Wait until the port can be read, or written, without blocking."""
    ready = asyncio.Event()
    fd = port.fileno()
    add(fd, ready.set)
    try:
        await ready.wait()
    finally:
        if port.is_open:
            remove(fd)


@contextmanager
def _as_closed(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, TypeError) as exc:  # TypeError: pyserial's, of a port that was closed meanwhile
        raise ClosedError(f"{path} is gone ({exc}); plug the board in again") from exc


@contextmanager
def _as_unusable(path: Path) -> Iterator[None]:
    try:
        yield
    except serial.SerialException as exc:
        raise _named(path, exc) from exc


def _named(path: Path, exc: serial.SerialException) -> TransportError:
    match exc.errno:
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            return NoSuchPortError(f"there is no port {path}; plug the board in, and see `ingle bridge list`")
        case errno.EACCES | errno.EPERM:
            return PermissionDeniedError(
                f"{path} may not be opened by this user; add it to the group that owns the port, as by "
                "`sudo usermod -aG dialout $USER`, and log in again"
            )
        case errno.EBUSY | errno.EAGAIN:
            return PortTakenError(f"another program has {path} open; close it (`fuser {path}` says which)")
    return TransportError(f"{path} cannot be opened as a serial port ({exc}); is that the board?")

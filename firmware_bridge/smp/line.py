"""The transport that smpclient asks for, over a line of ours: one request, and the answer to it.

Knows frames and the eight bytes before a message; what is in a message is the library's.
"""

import asyncio
import struct
from collections import deque
from typing import Final

from smpclient.transport import SMPTransport

from firmware_bridge import cbor
from firmware_bridge.smp.framing import Reader, encode
from firmware_bridge.transport import Transport

_HEADER: Final = struct.Struct("!BBHHBB")
_OPERATION: Final = 0b111
_OVERHEAD: Final = 4
"""Length and CRC, which share the board's buffer with the message."""
_BUFFER: Final = 256
"""Bytes that a board is taken to have room for if it does not say."""
_LEAST, _MOST = 128, 4096
"""Bounds of what a board may say: a first piece with its hash has to fit, and none should take seconds."""


class Line(SMPTransport):
    """One line to one board. Answers of requests that nobody waits for any more are dropped."""

    def __init__(self, line: Transport) -> None:
        self._line = line
        self._reader = Reader()
        self._frames: deque[bytes] = deque()
        self._smp_server_transport_buffer_size = _BUFFER

    async def connect(self, address: str, timeout_s: float) -> None:  # noqa: ARG002  the library's signature
        """Open the line.

        Raises:
            TransportError: it cannot be used.
            TimeoutError: it could not be opened in time.
        """
        async with asyncio.timeout(timeout_s):
            await self._line.open()
        self._reader = Reader()
        self._frames.clear()

    async def disconnect(self) -> None:
        """Let go of the line."""
        await self._line.close()

    async def send(self, data: bytes) -> None:
        """Send a message.

        Raises:
            ClosedError: the line is no more.
        """
        await self._line.write(encode(data))

    async def receive(self) -> bytes:
        """The next message, whatever it answers.

        Raises:
            ClosedError: the line is no more.
        """
        while not self._frames:
            self._frames += self._reader.feed(await self._line.read())
        return self._frames.popleft()

    async def send_and_receive(self, data: bytes) -> bytes:
        """Ask, and the answer to this request alone: SMP repeats nothing, so what is late answers another."""
        await self.send(data)
        while True:
            frame = await self.receive()
            if _answers(frame, data):
                return frame

    def initialize(self, smp_server_transport_buffer_size: int) -> None:
        """The board says how long a message it has room for."""
        self._smp_server_transport_buffer_size = min(max(smp_server_transport_buffer_size, _LEAST), _MOST)

    @property
    def mtu(self) -> int:
        """Bytes of the longest frame."""
        return self._smp_server_transport_buffer_size or _BUFFER

    @property
    def max_unencoded_size(self) -> int:
        """Bytes of the longest message."""
        return self.mtu - _OVERHEAD


def _answers(frame: bytes, request: bytes) -> bool:
    """Whether a message answers that request: the same group, command and number, and as long as it says it is."""
    got, _, length, *what = _HEADER.unpack(frame[: _HEADER.size])
    asked, _, _, *about = _HEADER.unpack(request[: _HEADER.size])
    body = frame[_HEADER.size :]
    fits = got & _OPERATION == (asked & _OPERATION) + 1 and what == about
    return fits and length == len(body) and cbor.is_map(body)

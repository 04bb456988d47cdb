"""SMP's frames on a console: lines of base64 between other lines. Bytes in, frames out; no I/O.

The format is the SMP library's (Zephyr, "SMP over console"): a line begins with 06 09, goes on in lines that begin with
04 14, and ends with a CRC-16 over the whole. Everything else on the line is somebody else's: a log, a prompt.
"""

import binascii
import struct
from typing import TYPE_CHECKING, Final

from smp import packet
from smp.exceptions import SMPException

if TYPE_CHECKING:
    from collections.abc import Generator

_LINE: Final = 1024
"""Bytes of the longest line that is kept; the format has 127."""
_FRAME_LINES: Final = 1 << 10
"""Lines of the longest frame: its length is said in 16 bits."""
_HEADER: Final = 8


def encode(frame: bytes) -> bytes:
    """A frame as it goes over the line."""
    return b"".join(packet.encode(frame))


class Reader:
    """Finds the frames in what comes, in whichever pieces it does."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._frame: Generator[None, bytes, bytes] | None = None
        self._lines = 0
        self.dropped = 0
        """Frames that were none: cut off, changed on the way."""

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that are whole now."""
        self._rest += data
        *lines, rest = self._rest.split(b"\n")
        self._rest = rest[-_LINE:]
        return [frame for line in lines if (frame := self._take(bytes(line[-_LINE:]))) is not None]

    def _take(self, line: bytes) -> bytes | None:
        """A frame, if this line ends one. A prompt may stand before it in the same line."""
        begins = line.find(packet.START_DELIMITER)
        goes_on = line.find(packet.CONTINUE_DELIMITER)
        if begins >= 0:
            self._drop()
            self._frame, self._lines = packet.decode(), 0
            next(self._frame)
            line = line[begins:]
        elif goes_on >= 0 and self._frame is not None:
            line = line[goes_on:]
        else:
            return None
        return self._add(line)

    def _add(self, line: bytes) -> bytes | None:
        self._lines += 1
        if self._frame is None or self._lines > _FRAME_LINES:
            self._drop()
            return None
        try:
            self._frame.send(line.rstrip(b"\r") + b"\n")
        except StopIteration as whole:
            self._frame = None
            frame: bytes = whole.value
            if len(frame) >= _HEADER:
                return frame
            self.dropped += 1
        except (SMPException, binascii.Error, struct.error):
            self._drop()
        return None

    def _drop(self) -> None:
        """Give up on a frame that has begun."""
        if self._frame is not None:
            self._frame = None
            self.dropped += 1

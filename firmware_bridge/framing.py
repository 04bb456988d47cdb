"""Frames on a line of bytes: COBS between zeros, with a CRC. Knows nothing of links or messages.

docs/firmware-protocol.md, section 1.
"""

import binascii
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from cobs import cobs

PAYLOAD_LIMIT: Final = 240
"""Bytes of payload in the longest frame."""
_HEAD: Final = 4
_CRC: Final = 2
_GROWTH: Final = 1
"""By how much COBS makes a frame longer that has fewer than 254 bytes."""


class Kind(IntEnum):
    """What a frame is for."""

    SYN = 0x11
    SYN_ACK = 0x12
    DATA = 0x21
    ACK = 0x31
    RST = 0x41


_KINDS: Final = {kind.value: kind for kind in Kind}


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. Numbers are modulo 256."""

    kind: Kind
    seq: int = 0
    ack: int = 0
    payload: bytes = b""


@dataclass(slots=True)
class Dropped:
    """How many stretches between zeros were no frames, and why not."""

    too_long: int = 0
    not_cobs: int = 0
    wrong_length: int = 0
    wrong_crc: int = 0
    unknown_kind: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.too_long + self.not_cobs + self.wrong_length + self.wrong_crc + self.unknown_kind


def crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE: polynomial 0x1021, begun with 0xFFFF, not reflected."""
    return binascii.crc_hqx(data, 0xFFFF)


def encode(frame: Frame) -> bytes:
    """The bytes of a frame, a zero before and after it.

    Raises:
        ValueError: the payload is longer than 240 bytes.
    """
    if len(frame.payload) > PAYLOAD_LIMIT:
        raise ValueError(
            f"a frame holds {PAYLOAD_LIMIT} bytes, not {len(frame.payload)}; send a shorter message"
        )
    body = bytes((frame.kind, frame.seq, frame.ack, len(frame.payload))) + frame.payload
    encoded: bytes = cobs.encode(body + crc16(body).to_bytes(_CRC, "big"))
    return b"\0" + encoded + b"\0"


class Unframer:
    """Finds the frames in bytes as they come, in pieces of any size. Holds no more than one frame."""

    def __init__(self, limit: int = PAYLOAD_LIMIT) -> None:
        """`limit`: the longest payload that is taken, in bytes."""
        self._longest = limit + _HEAD + _CRC + _GROWTH
        self._begun = bytearray()
        self._skipping = False
        self.dropped = Dropped()

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that end in `data`. What is none is dropped and counted; nothing is raised."""
        *ended, begun = data.split(b"\0")
        frames = [frame for piece in ended if (frame := self._end(piece)) is not None]
        self._go_on(begun)
        return frames

    def _go_on(self, piece: bytes) -> None:
        if not self._skipping:
            self._begun += piece
            if len(self._begun) > self._longest:
                self._skipping = True
                self._begun.clear()

    def _end(self, piece: bytes) -> Frame | None:
        self._go_on(piece)
        encoded, self._begun = bytes(self._begun), bytearray()
        if self._skipping:
            self._skipping = False
            self.dropped.too_long += 1
            return None
        return self._decode(encoded) if encoded else None

    def _decode(self, encoded: bytes) -> Frame | None:
        try:
            body: bytes = cobs.decode(encoded)
        except cobs.DecodeError:
            self.dropped.not_cobs += 1
            return None
        if len(body) < _HEAD + _CRC or body[3] != len(body) - _HEAD - _CRC:
            self.dropped.wrong_length += 1
            return None
        if crc16(body[:-_CRC]) != int.from_bytes(body[-_CRC:], "big"):
            self.dropped.wrong_crc += 1
            return None
        kind = _KINDS.get(body[0])
        if kind is None:
            self.dropped.unknown_kind += 1
            return None
        return Frame(kind, body[1], body[2], body[_HEAD:-_CRC])

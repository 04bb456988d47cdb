"""How Wyoming's events stand on a line: a header of JSON that ends with a newline, then data, then a payload.

Bytes in, frames out; every length is held against its bound before anything is kept for it. Knows no event and no I/O.
The framing: https://github.com/OHF-Voice/wyoming#format
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from runtime.errors import CallerError
from runtime.strict_json import parse, shown
from runtime.wire.fields import Fields, text

VERSION: Final = "1.10.0"
"""Of the protocol that is spoken, as the header says it."""
_LONGEST_TYPE: Final = 64
_NEWLINE: Final = 0x0A


class FrameError(CallerError):
    """What came is no frame, or too large. Nothing after it can be read."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One event, as it stands on the line."""

    type: str
    data: Mapping[str, Any] = field(default_factory=dict)
    payload: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class FrameLimits:
    """The largest frame that is read; a peer can make us hold no more than their sum."""

    header_bytes: int = 1 << 16
    data_bytes: int = 1 << 17
    payload_bytes: int = 1 << 18
    """Eight seconds of what Home Assistant sends."""
    depth: int = 16
    """Deepest nesting of JSON."""


@dataclass(frozen=True, slots=True)
class _Header:
    type: str
    data: Mapping[str, Any]
    data_length: int
    payload_length: int


class FrameReader:
    """Cuts a stream into frames, however it comes in pieces."""

    def __init__(self, limits: FrameLimits) -> None:
        self._limits = limits
        self._held = bytearray()
        self._looked = 0
        """How much of what is held has no newline in it."""
        self._header: _Header | None = None

    @property
    def midway(self) -> bool:
        """Whether a frame has begun and is not over."""
        return bool(self._held) or self._header is not None

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are whole now. Holds at most one that is not, and what was fed.

        Raises (at any iteration):
            FrameError: what comes next is none that is read here.
        """
        self._held += data
        while True:
            if self._header is None:
                self._header = self._next_header()
            if self._header is None or len(self._held) < _length(self._header):
                return
            header, self._header = self._header, None
            rest = bytes(self._take(header.data_length))
            payload = bytes(self._take(header.payload_length))
            yield Frame(header.type, self._data(header, rest), payload)

    def _take(self, count: int) -> bytearray:
        taken = self._held[:count]
        del self._held[:count]
        return taken

    def _next_header(self) -> _Header | None:
        end = self._held.find(_NEWLINE, self._looked)
        self._looked = len(self._held)
        if (self._looked if end < 0 else end) > self._limits.header_bytes:
            raise FrameError(
                f"a header has more than {self._limits.header_bytes} bytes; send it in one short line"
            )
        if end < 0:
            return None
        self._looked = 0
        line = bytes(self._take(end + 1))
        try:
            return self._read_header(line)
        except FrameError:
            raise
        except CallerError as exc:
            raise FrameError(f"the header is no event of Wyoming: {exc}") from exc

    def _read_header(self, line: bytes) -> _Header:
        fields = Fields.of(parse(line, depth=self._limits.depth), "the header")
        kind = text(fields.get("type"), "type")
        if not 0 < len(kind) <= _LONGEST_TYPE:
            raise FrameError(f"type is {shown(kind)}; send 1 to {_LONGEST_TYPE} characters", param="type")
        data = fields.get("data")
        return _Header(
            kind,
            {} if data is None else Fields.of(data, "data").values,
            self._bounded(fields, "data_length", self._limits.data_bytes),
            self._bounded(fields, "payload_length", self._limits.payload_bytes),
        )

    def _bounded(self, fields: Fields, key: str, most: int) -> int:
        value = fields.get(key)
        if value is None:
            return 0
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            raise FrameError(f"{key} is {shown(value)}; send at most {most} bytes at a time", param=key)
        return value

    def _data(self, header: _Header, rest: bytes) -> Mapping[str, Any]:
        """What stands behind the header goes over what stands in it."""
        if not rest:
            return header.data
        try:
            return {**header.data, **Fields.of(parse(rest, depth=self._limits.depth), "data").values}
        except CallerError as exc:
            raise FrameError(f"the data of {shown(header.type)} cannot be read: {exc}") from exc


def encode(frame: Frame) -> bytes:
    """As it stands on the line."""
    header: dict[str, Any] = {"type": frame.type, "version": VERSION}
    data = json.dumps(frame.data, ensure_ascii=False).encode() if frame.data else b""
    if data:
        header["data_length"] = len(data)
    if frame.payload:
        header["payload_length"] = len(frame.payload)
    return json.dumps(header).encode() + b"\n" + data + frame.payload


def _length(header: _Header) -> int:
    return header.data_length + header.payload_length

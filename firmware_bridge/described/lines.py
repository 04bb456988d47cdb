"""Lines out of whatever pieces they come in. Bounded: a flood without line ends does not grow."""

from collections.abc import Iterator
from typing import Final

LONGEST: Final = 256
"""Bytes of a line; of a longer one nothing is used."""


class Lines:
    """One direction of a line of text."""

    def __init__(self, ending: bytes) -> None:
        self._ending = ending
        self._buffer = bytearray()
        self._dropping = False
        self.dropped = 0
        """How many lines were too long, or begun before we listened."""

    def feed(self, data: bytes) -> Iterator[str]:
        """The lines that are whole now, without what surrounds their words; undecodable bytes become U+FFFD."""
        for at in range(0, len(data), LONGEST):
            self._buffer += data[at : at + LONGEST]
            while (end := self._buffer.find(self._ending)) >= 0:
                line = bytes(self._buffer[:end])
                del self._buffer[: end + len(self._ending)]
                if self._dropping or len(line) > LONGEST:
                    self._dropping = False
                    self.dropped += 1
                else:
                    yield line.decode(errors="replace").strip(" \t\r\n\0")
            if len(self._buffer) > LONGEST + len(self._ending):
                self._dropping = True
                del self._buffer[: -len(self._ending)]  # the beginning of an ending may be among the last

    def drop_begun(self) -> None:
        """Whatever is begun and not ended yet is no line: its beginning was not heard."""
        self._dropping = self._dropping or bool(self._buffer)

"""A board that speaks lines of text, without a board: a pump, a fan, a mode, a bell, a button, a thermometer.

docs/described-boards.md describes this very board. For tests, and for trying out.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from firmware_bridge.described.lines import Lines
from firmware_bridge.pump import attend
from firmware_bridge.transport import Transport

_FASTEST: Final = 100


class SimulatedTextBoard:
    """One board: what it was told, and a line to a host."""

    def __init__(self) -> None:
        self.acted: list[str] = []
        """Every line that was done, over all starts."""
        self.answer_after_s = 0.0
        """How long it takes to do and answer."""
        self.mute = False
        """It does what it is told, and says nothing."""
        self.wake = asyncio.Event()
        self._begin()
        self._tell("READY")

    def reset(self) -> None:
        """Start again, as after a loss of power."""
        self._begin()
        self._tell("READY")
        self.wake.set()

    def press(self) -> None:
        """Somebody presses its button."""
        self._tell("BUTTON")
        self.wake.set()

    def warm(self, degrees: float) -> None:
        """It measures so much, and tells."""
        self.values["TEMP"] = f"{degrees:.1f}"
        self._tell(f"TEMP={self.values['TEMP']}")
        self.wake.set()

    def step(self, now: float, data: bytes = b"") -> tuple[bytes, float | None]:
        """Take what came; what to send, and when the next step is due."""
        for line in self._lines.feed(data):
            self._waiting.append((now + self.answer_after_s, line))
        while self._waiting and self._waiting[0][0] <= now:
            _, line = self._waiting.pop(0)
            self._tell(self._do(line))
        output = b"" if self.mute else bytes(self._out)
        self._out.clear()
        return output, self._waiting[0][0] if self._waiting else None

    async def run(self, line: Transport) -> None:
        """Be at the end of a line until it is closed."""
        await attend(line, self.step, self.wake)

    def _begin(self) -> None:
        self.values = {"PUMP": "0", "FAN": "0", "MODE": "E", "TEMP": "21.5"}
        self._lines = Lines(b"\n")
        self._out = bytearray()
        self._waiting: list[tuple[float, str]] = []

    def _tell(self, line: str) -> None:
        self._out += line.encode() + b"\r\n"

    def _do(self, line: str) -> str:
        name, _, word = line.partition(" ")
        if line.endswith("?") and line[:-1] in self.values:
            return f"{line[:-1]}={self.values[line[:-1]]}"
        if line == "BELL":
            self.acted.append(line)
            return "OK"
        takes = _TAKES.get(name)
        if takes is None or not takes(word):
            return f"ERR {line[:40]} means nothing"
        self.acted.append(line)
        self.values[name] = word
        return "OK"


_TAKES: Final[dict[str, Callable[[str], bool]]] = {
    "PUMP": lambda word: word in {"0", "1"},
    "FAN": lambda word: word.isdecimal() and int(word) <= _FASTEST,
    "MODE": lambda word: word in {"E", "C"},
}

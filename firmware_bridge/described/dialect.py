"""What a language that boards speak is to whoever keeps a line to one. Values in, bytes out; a clock that is given.

A dialect lives as long as one connection: it gets the board to be as it should be, says that it is ready, and takes one
request at a time from then on. Values are as they travel (`description.Wire`).
"""

from dataclasses import dataclass
from typing import Protocol

from firmware_bridge.messages import Wire


@dataclass(frozen=True, slots=True)
class Ask:
    """Have a capability be so or press it, if it `sets`; else ask for its value."""

    number: int
    name: str
    wire: Wire = None
    sets: bool = False


@dataclass(frozen=True, slots=True)
class Ready:
    """The board can be told what to do. `unusable`: names it cannot be asked by, and why, in sentences."""

    firmware: str = ""
    unusable: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Gone:
    """It cannot be, for now: it is made ready again. What it was asked and has not answered is lost."""

    reason: str


@dataclass(frozen=True, slots=True)
class Told:
    """The board says what a capability is."""

    name: str
    wire: Wire


@dataclass(frozen=True, slots=True)
class Struck:
    """Something happened that has no lasting value."""

    name: str
    wire: Wire


@dataclass(frozen=True, slots=True)
class Answered:
    """A request was done; the value it has then."""

    number: int
    wire: Wire


@dataclass(frozen=True, slots=True)
class Denied:
    """A request was not done, in the board's words."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Untold:
    """A value that was asked for is not known yet; nobody refused anything. `advice`: what to do about it."""

    number: int
    advice: str


@dataclass(frozen=True, slots=True)
class Said:
    """Something for whoever looks after the board: level 0 debug, 1 info, 2 warning, 3 error."""

    level: int
    text: str


Event = Ready | Gone | Told | Struck | Answered | Denied | Untold | Said


@dataclass(frozen=True, slots=True)
class Step:
    """What comes of a step: events in order, bytes for the line, and when the next is due at the latest."""

    events: tuple[Event, ...]
    output: bytes
    due: float | None


class Dialect(Protocol):
    """One connection's talk with one board."""

    @property
    def free(self) -> bool:
        """Whether a request may be given to it now."""
        ...

    def step(self, now: float, data: bytes = b"") -> Step:
        """Take what came since the last step.

        Raises:
            BridgeError: the connection has to be begun anew, and why.
        """
        ...

    def ask(self, ask: Ask) -> None:
        """Send a request with the next step, once. Only when it is `free`."""
        ...

    def forget(self, number: int) -> None:
        """Nobody waits for that answer any more; it may still come, and is then nobody else's."""
        ...

    def farewell(self) -> bytes:
        """What to send before the line is let go: the safe values."""
        ...

"""What state machines of a link tell whoever drives them."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Rst(IntEnum):
    """Why a side ends a link: the payload of RST."""

    NO_LINK = 1
    PROTOCOL = 2
    LEAVING = 3


class Reason(StrEnum):
    """Why a link is down."""

    SILENT = "nothing was heard for too long"
    NOT_ACKNOWLEDGED = "what was sent is not acknowledged"
    RESET = "the board has started again"
    REPLACED = "the host has begun another link"
    LEFT = "the other side left"
    PROTOCOL = "the other side breaks the protocol"
    VERSION = "the board speaks another version of the protocol"
    NO_ANSWER = "nobody answers"
    CLOSED = "closed here"


@dataclass(frozen=True, slots=True)
class Up:
    """A link has begun. `peer` is the board's `boot` to a host, and the host's number to a board.

    `hosts`: how many the board had since its reset, one after the other; this one is the last.
    """

    peer: int
    mtu: int
    hosts: int = 1


@dataclass(frozen=True, slots=True)
class Delivered:
    """A payload, whose turn it is."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Down:
    """The link has ended, or none could be begun; what was not acknowledged may have arrived or not."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Dead:
    """To a board: nothing was heard for so long that it is to go to its safe values."""


Event = Up | Delivered | Down | Dead


@dataclass(frozen=True, slots=True)
class Step:
    """What comes of a step: events in order, bytes for the line, and when the next is due at the latest."""

    events: tuple[Event, ...]
    output: bytes
    due: float | None

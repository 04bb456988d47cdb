"""The life of an order as the journal keeps it: which phases there are, and which may follow which. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from runtime.commands.clock import Moment
from runtime.commands.meaning import Action
from runtime.commands.order import Order, Result
from runtime.commands.registry.binding import Outgoing


class Phase(StrEnum):
    """How far an order has got. Each is on disk before what it allows is begun."""

    RECEIVED = "received"
    """It may be acknowledged to whoever delivered it."""
    PLANNED = "planned"
    """To be done later."""
    SENDING = "sending"
    """It may be sent. Found after a restart: it may have been sent."""
    SENT = "sent"
    """All of it is with the broker or the board."""
    DECIDED = "decided"
    """It has a result, which may be told."""
    ANSWERED = "answered"
    """The result was told, or nobody waits for it."""


FOLLOWS: Final[Mapping[Phase, frozenset[Phase]]] = MappingProxyType(
    {
        Phase.RECEIVED: frozenset({Phase.SENDING, Phase.DECIDED}),
        Phase.PLANNED: frozenset({Phase.SENDING, Phase.DECIDED}),
        Phase.SENDING: frozenset({Phase.SENT, Phase.DECIDED}),
        Phase.SENT: frozenset({Phase.DECIDED}),
        Phase.DECIDED: frozenset({Phase.ANSWERED}),
        Phase.ANSWERED: frozenset(),
    }
)
"""What may come after each."""


@dataclass(frozen=True, slots=True)
class Sending:
    """An action, and the messages that make the device do it."""

    action: Action
    messages: tuple[Outgoing, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What an order wants done later."""

    after_s: float
    actions: tuple[Action, ...]
    at: Moment
    draft: Result
    """What it will be if all goes well."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row. What is done later has a row of its own, beside the one of the order that asked for it."""

    key: int
    order: Order
    phase: Phase
    taken: Moment
    """When the order was taken; when it was planned, of what is done later."""
    later: bool = False
    after_s: float = 0.0
    """Not before so many seconds after `taken`."""
    plan: tuple[Action, ...] = ()
    """What is to be done then."""
    turn: int | None = None
    """Which sending of all: who has the higher one came later."""
    sendings: tuple[Sending, ...] = ()
    result: Result | None = None
    """Before it is decided: what it will be if all goes well."""
    readable: bool = True
    """False: a part of the row makes no sense to this program. Of `order` then only who asked, and where the answer
    goes, may be true, and nobody can tell what was done."""

    @property
    def told(self) -> Result | None:
        """What came of it; None if that is not decided."""
        return self.result if self.phase in {Phase.DECIDED, Phase.ANSWERED} else None

    def age(self, now: Moment) -> float:
        """Seconds since it was taken; below zero if the time of day was set back in between."""
        return now.since(self.taken)


@dataclass(frozen=True, slots=True)
class Received:
    """An order that was not known before."""

    record: Record


@dataclass(frozen=True, slots=True)
class Repeated:
    """An order that is known, and where it stands."""

    record: Record
    plan: Record | None = None
    """What it planned, where that has no result yet and is not `record` itself."""


Taken = Received | Repeated

"""What somebody asks for, and what came of it. Values only; every front end speaks to the desk in them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from runtime.commands.meaning import Action, Candidate, Reason, Route


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """Where the result goes. Kept in the journal, so that it can be sent after a restart."""

    channel: str
    """Which front end: mqtt, hermes, http, console."""
    address: str
    """A topic, to mqtt."""
    correlation: bytes | None = None
    """Sent back as it came."""


@dataclass(frozen=True, slots=True)
class Order:
    """One command, in words or already as an action."""

    id: str
    """The sender's own, or one that was made of what the delivery has (then `made_up`)."""
    sender: str
    """Who sent it, as far as the front end can vouch for it, such as the last level of a guarded topic; or empty."""
    text: str | None
    action: Action | None
    reply: ReplyTo | None
    received_at: float
    """Seconds since the epoch."""
    expires_at: float
    """Never begun after this."""
    language: str | None = None
    """None: the house's first."""
    area: str | None = None
    session: str = ""
    """Turns with the same sender and session know of each other."""
    made_up: bool = False
    """The sender gave no id: this one is the packet id and a digest of the payload, a dot, and something unique."""
    again: bool = False
    """With an id that is made up: it may have been delivered before, over a connection that was lost. If so, it is the
    newest order of this sender and session within two minutes with an id that is the same up to its last dot."""
    shared: bool = False
    """Others may have been given it, too, if we went down before we acknowledged it: what a restart finds received, and
    not begun, is not begun then, but reported unknown."""
    confirms: str | None = None
    """The token of a confirmation that was asked for."""
    dry_run: bool = False
    explain: bool = False
    answer: bool = False
    """Whether the model may answer in its own words what is no command."""
    otherwise: tuple[str, ...] = ()
    """Other readings of what was said, the likelier first, where `text` is what a recogniser heard: looked at only if
    that one is not understood, and believed only where every word of theirs is (`runtime.commands.desk.heard_as`)."""


class Status(StrEnum):
    """What came of an order."""

    DONE = "done"
    """Sent to the device, and, where it tells, confirmed by its state."""
    SENT = "sent"
    """Sent, with the broker or the board; the device has not said that it is so, yet or ever."""
    PLANNED = "planned"
    """To be done later; a second result comes then."""
    CANCELLED = "cancelled"
    TOLD = "told"
    """A question was answered."""
    ASKED = "asked"
    """A question is asked back, or a confirmation; the answer is the next turn."""
    REFUSED = "refused"
    """Nothing was done; `reason` says why."""
    FAILED = "failed"
    """Nothing was done, by a fault of ours or of the device."""
    UNKNOWN = "unknown"
    """It may have been done: the appliance went down in between, and to do it again could do it twice."""
    WOULD = "would"
    """A dry run: what would have been done."""


@dataclass(frozen=True, slots=True)
class Result:
    """What is said back. The same order has the same result whenever it is asked again."""

    order: str
    """The order's id."""
    status: Status
    text: str
    """One sentence for a person, in their language."""
    actions: tuple[Action, ...] = ()
    reason: Reason | None = None
    route: Route = Route.NONE
    confidence: float = 0.0
    candidates: tuple[Candidate, ...] = ()
    ms: Mapping[str, float] = field(default_factory=dict)
    """Milliseconds by stage."""
    language: str = "en"
    confirmed: bool | None = None
    """Whether all of the devices said that it is so; None where they were not asked or do not tell."""
    token: str | None = None
    """To be sent back to confirm."""
    options: tuple[str, ...] = ()
    """What was asked back: the answers that are understood."""
    due_at: float | None = None
    """When what was planned is to happen, seconds since the epoch."""
    session: str = ""


class Taker(Protocol):
    """Who does what is ordered: the desk."""

    async def take(self, order: Order) -> None:
        """Return once the order will not be forgotten.

        Raises:
            BusyError: it cannot be taken now.
            CallerError: its id was used for another order.
        """
        ...


class Outbox(Protocol):
    """Where results go: implemented by each front end that has senders to answer."""

    async def deliver(self, reply: ReplyTo, result: Result) -> None:
        """Return once it is with the broker, or the caller. Results may come twice; their order ids tell."""
        ...

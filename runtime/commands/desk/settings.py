"""How long the desk waits for what, and how much it takes on. Values only."""

from dataclasses import dataclass
from typing import Final

from runtime.limits import Limits

_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """Each with the reason a house would move it."""

    language: str = "en"
    """Of an order that does not say its own."""
    orders: int = _LIMITS.commands_open
    """Taken and not answered; one more is told to come back."""
    state_wait_s: float = 1.0
    """How long a device that tells its state has, to say that it did what it was told. The answer waits for that."""
    retry_s: float = 3.0
    """How long a message that could not be delivered is tried again, if the order does not expire before."""
    send_s: float = 10.0
    """How long the broker, or a board, may take to acknowledge a message."""
    tell_s: float = 600.0
    """How long it is tried to deliver a result that cannot be delivered."""
    grace_s: float = 60.0
    """How late something planned may still be done."""
    plans: int = _LIMITS.commands_planned
    """Planned at one time."""
    ahead_s: float = 30 * 86400.0
    """How far ahead something may be planned."""
    drain_s: float = 5.0
    """At the end: how long what was begun may take to finish. What was not, the journal has for the next start."""

"""What an owner may rule: what is dangerous, when it is quiet, who may do what, and how often. Values only."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from fnmatch import fnmatchcase
from typing import Final

from runtime.commands.policy.scope import Scope

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


_ANYTHING: Final = Scope()


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which something is not done."""

    start: time
    """Local time; from then on it is quiet."""
    end: time
    """Until then; on the next day if it is before `start`."""
    scope: Scope = _ANYTHING
    days: tuple[str, ...] = DAYS
    """On which the hours begin: mon, tue, wed, thu, fri, sat, sun."""

    def now(self, local: datetime) -> bool:
        """Whether it is quiet at this local time."""
        today = DAYS[local.weekday()] in self.days
        yesterday = DAYS[local.weekday() - 1] in self.days
        clock = local.time()
        if self.start < self.end:
            return today and self.start <= clock < self.end
        return (today and clock >= self.start) or (yesterday and clock < self.end)

    def left(self, local: datetime) -> timedelta:
        """How long it is until they end, today or tomorrow."""
        day = timedelta(days=1)
        return (datetime.combine(local, self.end) - local.replace(tzinfo=None)) % day or day


@dataclass(frozen=True, slots=True)
class Client:
    """What senders of a name may do."""

    name: str
    """A pattern; `` (empty) is whoever has no name."""
    scopes: tuple[Scope, ...] = (_ANYTHING,)
    """What any of these covers."""

    def is_called(self, sender: str) -> bool:
        """Whether this is about that sender."""
        return fnmatchcase(sender, self.name)


@dataclass(frozen=True, slots=True)
class Rates:
    """How often, as a minute's worth that may be used up at once and then fills again evenly. 0 is without a limit."""

    device_per_minute: int = 120
    """Actions of one device."""
    client_per_minute: int = 0
    """Commands of one sender, understood or not, that would move something and not only shut, stop or turn it off."""


_RATES: Final = Rates()


@dataclass(frozen=True, slots=True)
class PolicySettings:
    """All of it."""

    confirm_s: float = 30.0
    """How long a question whether something is meant waits for its answer."""
    dangerous: tuple[Scope, ...] = ()
    """To be confirmed, besides what devices themselves call dangerous."""
    quiet: tuple[Quiet, ...] = ()
    clients: tuple[Client, ...] = ()
    """None: everybody may do everything. With any, who is not named may do nothing."""
    rates: Rates = _RATES

"""What front ends may ask of keys and of the log. Values and protocols; no HTTP, no files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from runtime.api.scopes import Scope, Scopes
from runtime.errors import KeyRefusedError


class Issued(Protocol):
    """A key that somebody has, as far as it is known: the key itself is not kept."""

    @property
    def name(self) -> str:
        """Who that is."""
        ...

    @property
    def scopes(self) -> Scopes:
        """What it is good for."""
        ...

    @property
    def made(self) -> str:
        """The day, in UTC, as ISO 8601 writes it."""
        ...


class KeyStore(Protocol):
    """The keys for others than the owner. Each call reads or writes a disk, and may be made on any thread."""

    def listed(self) -> Sequence[Issued]:
        """Those there are, in the order in which they were made.

        Raises:
            ConfigError: they cannot be read.
        """
        ...

    def add(self, name: str, scopes: Iterable[Scope]) -> str:
        """Make a key, and return it: it is not seen again.

        Raises:
            KeyRefusedError: the name is taken or impossible, or there are too many.
            ConfigError: it cannot be written down.
        """
        ...

    def remove(self, name: str) -> None:
        """Have a key open nothing from now on.

        Raises:
            KeyNotFoundError: there is none of that name.
            ConfigError: that cannot be written down.
        """
        ...


class NoKeys:
    """Implements `KeyStore` where keys are kept nowhere."""

    def listed(self) -> Sequence[Issued]:
        """See `KeyStore.listed`."""
        return ()

    def add(self, name: str, scopes: Iterable[Scope]) -> str:
        """See `KeyStore.add`."""
        del scopes
        raise KeyRefusedError(
            f"no keys are kept by this process; run `ingle key add {name[:32]}` on the appliance"
        )

    def remove(self, name: str) -> None:
        """See `KeyStore.remove`."""
        raise KeyRefusedError(
            f"no keys are kept by this process; run `ingle key remove {name[:32]}` on the appliance"
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log."""

    number: int
    """Counted from 1 since the process began."""
    at: float
    """Seconds since the epoch."""
    level: str
    """debug, info, warning or error."""
    source: str
    """Which module says so."""
    text: str


class Log(Protocol):
    """The last lines of this process's log."""

    def since(self, number: int) -> Sequence[Line]:
        """Those after the one with that number that are still there, the oldest first. On any thread."""
        ...


class NoLog:
    """Implements `Log` where no lines are kept."""

    def since(self, number: int) -> Sequence[Line]:
        """See `Log.since`."""
        del number
        return ()

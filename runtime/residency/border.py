"""What front ends may ask of the models of this machine. Values and a protocol; no HTTP, no memory."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from models.bundle import Bundle
from runtime.completion import Completer
from runtime.encoding import TextEncoder


@dataclass(frozen=True, slots=True)
class Resident:
    """A model in memory."""

    bundle: Bundle
    bytes: int
    """What it takes of the memory for models."""
    since: float
    """Seconds since the epoch."""
    until: float | None
    """When it leaves if nobody uses it, in seconds since the epoch; None: when another one needs its place."""
    pinned: bool
    """Never leaves."""
    completer: Completer | None = None
    """What answers, unless it is an encoder."""


class Models(Protocol):
    """The models that this machine may serve, loaded as they are asked for."""

    @property
    def default(self) -> str:
        """The name of the model that whoever names none gets."""
        ...

    def available(self) -> Sequence[Bundle]:
        """What is on disk, by name, and no licence policy rules out; the default first."""
        ...

    def resident(self) -> Sequence[Resident]:
        """What is in memory, the default first, then the last used."""
        ...

    def completer(
        self, name: str | None, *, keep_alive_s: float | None = None
    ) -> AbstractAsyncContextManager[Completer]:
        """The model of that name, in memory for as long as it is entered, and `keep_alive_s` longer.

        A negative `keep_alive_s` is for ever, or until its place is needed; None is what the owner says.

        Raises (on entering):
            ModelNotFoundError: there is none of that name.
            CallerError: it writes no text, or does not fit into the memory for models.
            BusyError: those that are in memory answer somebody; ask again.
            BundleError: it cannot be loaded.
        """
        ...

    def encoder(
        self, name: str | None, task: str, *, keep_alive_s: float | None = None
    ) -> AbstractAsyncContextManager[TextEncoder]:
        """The same for a model that is there to `task`: embed or classify. Without a name, the only one there is.

        Raises (on entering): as `completer`.
        """
        ...

    async def unload(self, name: str) -> bool:
        """Have a model leave as soon as nobody uses it; False if it is not in memory, or pinned."""
        ...

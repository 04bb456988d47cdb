"""What front ends may ask of the models of this machine. Values and a protocol; no HTTP, no memory."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from models.bundle import Bundle
from runtime.completion import Completer
from runtime.encoding import TextEncoder
from runtime.errors import CallerError

_SHUT: Final = "models neither come nor go by way of this process; run `ingle {}` on the appliance"


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

    async def find(self, name: str) -> Bundle:
        """The model of that name, on disk or in memory, which it does not have to come to for this.

        Raises:
            ModelNotFoundError: there is none of that name.
            CallerError: the owner's policy rules out its licence.
        """
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


@dataclass(frozen=True, slots=True)
class Fetching:
    """How far the fetching of a model is."""

    what: str
    """What is being done, for people."""
    done: int | None = None
    """Bytes; None for work that has no count of them."""
    total: int | None = None


class Stock(Protocol):
    """The models on this machine's disk, as far as somebody far away may change them."""

    def pull(self, reference: str) -> AsyncGenerator[Fetching, None]:
        """Have a model on this machine; closing it leaves off, and the next time goes on from there.

        Raises (at any iteration):
            BusyError: another one is being fetched.
            CallerError: there is none of that name, or it may not be had; the sentence says why, and what to do.
        """
        ...

    async def remove(self, name: str) -> None:
        """Remove a model, and what it was built from unless another was, too.

        Raises:
            CallerError: it cannot be; the sentence says why.
        """
        ...


class Shut:
    """Implements `Stock` where nobody may change anything."""

    async def pull(self, reference: str) -> AsyncGenerator[Fetching, None]:
        """See `Stock.pull`."""
        raise CallerError(_SHUT.format(f"pull {reference[:80]}"), param="model")
        yield  # makes it a generator

    async def remove(self, name: str) -> None:
        """See `Stock.remove`."""
        raise CallerError(_SHUT.format(f"rm {name[:80]}"), param="model")

"""Models that are in memory from the start, as `runtime.residency.border.Models` has them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from models.bundle import Bundle
from runtime.completion import Completer
from runtime.encoding import TextEncoder
from runtime.errors import CallerError, ModelNotFoundError
from runtime.residency.border import Resident


class ShownModels:
    """Completers by name, of which the first is the default, and encoders."""

    def __init__(
        self, *completers: Completer, encoders: Sequence[TextEncoder] = (), since: float = 0.0
    ) -> None:
        self._completers = {each.name: each for each in completers}
        self._encoders = {each.name: each for each in encoders}
        self._since = since

    @property
    def default(self) -> str:
        return next(iter(self._completers), "none")

    def available(self) -> Sequence[Bundle]:
        return [_bundle(each) for each in self._completers.values()]

    def resident(self) -> Sequence[Resident]:
        return [
            Resident(_bundle(each), 1, self._since, None, pinned=True, completer=each)
            for each in self._completers.values()
        ]

    async def find(self, name: str) -> Bundle:
        for bundle in self.available():
            if name in {bundle.manifest.name, bundle.reference}:
                return bundle
        raise ModelNotFoundError(name[:80], tuple(self._completers))

    @asynccontextmanager
    async def completer(
        self, name: str | None, *, keep_alive_s: float | None = None
    ) -> AsyncIterator[Completer]:
        del keep_alive_s
        if (found := self._completers.get(name or self.default)) is None:
            raise ModelNotFoundError((name or "")[:80], tuple(self._completers))
        yield found

    @asynccontextmanager
    async def encoder(
        self, name: str | None, task: str, *, keep_alive_s: float | None = None
    ) -> AsyncIterator[TextEncoder]:
        del keep_alive_s
        if name in self._completers:
            raise CallerError(f"{name} is not there to {task}", param="model")
        if (found := self._encoders.get(name or next(iter(self._encoders), ""))) is None:
            raise ModelNotFoundError((name or "")[:80], (*self._completers, *self._encoders))
        yield found

    async def unload(self, name: str) -> bool:
        del name
        return False


def _bundle(completer: Completer) -> Bundle:
    return Bundle(Path("nowhere"), completer.manifest, completer.manifest.digest)

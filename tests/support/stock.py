"""Models that come and go as a test says: implements `runtime.residency.border.Stock`."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from runtime.errors import IngleError
from runtime.residency.border import Fetching


@dataclass
class StockSimulator:
    """Tells what it was given, then fails if it was told to; with `forever` it never comes to an end."""

    tells: Sequence[Fetching] = ()
    failure: IngleError | None = None
    forever: bool = False
    pulled: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    left_off: int = 0
    """Pulls that were closed before their end."""

    async def pull(self, reference: str) -> AsyncGenerator[Fetching, None]:
        self.pulled.append(reference)
        ended = False
        try:
            for each in self.tells:
                yield each
            if self.failure is not None:
                ended = True
                raise self.failure
            if self.forever:
                await asyncio.Event().wait()
            ended = True
        finally:
            self.left_off += not ended

    async def remove(self, name: str) -> None:
        self.removed.append(name)

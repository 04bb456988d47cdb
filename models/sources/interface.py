"""What every source of weights offers, and how it tells of its progress. Values and Protocols only."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from models.manifest import Licence, Source


@dataclass(frozen=True, slots=True)
class Progress:
    """Bytes moved so far; `total` is None where the sender does not tell."""

    done: int
    total: int | None
    what: str


@dataclass(frozen=True, slots=True)
class Step:
    """The start of work that has no count of bytes."""

    what: str


Report = Callable[[Progress | Step], None]


@dataclass(frozen=True, slots=True)
class Fetched:
    """Weights on this machine, complete and checked."""

    path: Path
    """A weights file, or the directory that holds `config.json` and its companions."""
    source: Source
    licence: Licence | None
    """What the source itself says; None when it says nothing."""


class Shelf(Protocol):
    """Where fetched weights are kept (`models.sources.shelf`)."""

    @property
    def downloads(self) -> Path:
        """Directory for what is on its way; it survives an interruption."""
        ...

    def staging(self) -> AbstractContextManager[Path]:
        """An empty directory for what is being made; it does not survive an interruption."""
        ...

    def keep(self, staged: Path, source: Source, licence: Licence | None) -> Fetched:
        """Move a complete directory of weights to its lasting place."""
        ...


class Offer(Protocol):
    """Something a source has, described before its first byte is fetched."""

    @property
    def weights(self) -> int | None:
        """Bytes of the weights once they are here; None when the source does not say."""
        ...

    @property
    def disk(self) -> int | None:
        """Bytes that `fetch` takes at its fullest moment: archives and what is unpacked from them."""
        ...

    @property
    def licence(self) -> Licence | None:
        """What the source says the licence is."""
        ...

    def preview(self, shelf: Shelf, report: Report) -> Path | None:
        """Fetch the small files beside the weights first, into a directory; None where there are none apart.

        Raises:
            FetchError: as `fetch`.
        """
        ...

    def fetch(self, shelf: Shelf, report: Report) -> Fetched:
        """Fetch, check and keep the weights; what an earlier call began is continued.

        Raises:
            FetchError: they cannot be had, or are not what was promised.
        """
        ...

"""Weights that are already on this machine. They are hashed and read where they lie, never copied."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.errors import FetchError, UnknownModelError
from models.manifest import Licence, Source
from models.reference import Local
from models.sources.choose import POOLING, choose
from models.sources.interface import Fetched, Progress, Report, Shelf
from models.sources.shelf import combined_sha256
from models.sources.stated import stated_licence
from models.weights import open_checkpoint

_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class LocalOffer:
    """Files found on disk, hashed."""

    path: Path
    sha256: str
    weights: int
    disk: int = 0
    licence: Licence | None = None
    """As a GGUF file or the model card beside the weights states it."""

    @property
    def revision(self) -> str:
        """Files have no version of their own: the hash stands for it."""
        return self.sha256[:12]

    def preview(self, shelf: Shelf, report: Report) -> None:
        """All of it is here, and was looked at before it was hashed."""
        del shelf, report

    def fetch(self, shelf: Shelf, report: Report) -> Fetched:
        """Nothing has to move."""
        del shelf, report
        return Fetched(self.path, Source(self.path.name, self.revision, self.sha256), self.licence)


@dataclass(frozen=True, slots=True)
class LocalFiles:
    """Files found on disk, of which none was read whole yet."""

    path: Path
    """The weights file, or the directory."""
    files: tuple[Path, ...]
    """What a bundle would be built from."""
    licence: Licence | None

    def hashed(self, report: Report) -> LocalOffer:
        """Read them all, for their hash.

        Raises:
            FetchError: a file may not be read.
        """
        hashes = [_sha256(file, report) for file in self.files]
        weights = sum(file.stat().st_size for file in self.files)
        return LocalOffer(self.path, combined_sha256(hashes), weights, licence=self.licence)


def find(reference: Local, report: Report) -> LocalOffer:
    """`look`, and hash.

    Raises:
        As `look` and `LocalFiles.hashed`.
    """
    return look(reference).hashed(report)


def look(reference: Local) -> LocalFiles:
    """See that the file or directory can be read as weights, and what it says of itself.

    Raises:
        UnknownModelError: nothing is there.
        FetchError: the directory holds no weights we read.
        WeightsError: it is truncated, corrupt, or not weights at all.
        ArchitectureError: a GGUF architecture we do not build.
    """
    path = reference.path.resolve()
    folder = path if path.is_dir() else None
    if folder:
        here = [item.name for item in path.iterdir()] + [POOLING] * (path / POOLING).is_file()
        files = [path / name for name in choose(here, str(reference))]
    elif path.is_file():
        files = [path]
    else:
        raise UnknownModelError(f"there is no file {str(reference.path)!r}; check the path")
    if files[0].suffix == ".gguf":
        path = files[0]  # the only one of its directory
    open_checkpoint(path)
    return LocalFiles(path, tuple(files), stated_licence(path, folder))


def _sha256(path: Path, report: Report) -> str:
    digest, done, total = hashlib.sha256(), 0, path.stat().st_size
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                done += len(block)
                report(Progress(done, total, path.name))
    except OSError as exc:
        raise FetchError(f"{path.name} cannot be read ({exc.strerror}); check its permissions") from exc
    return digest.hexdigest()

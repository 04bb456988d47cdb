"""Where fetched weights are kept: `sources/<sha256>/`, each with a note that says where it came from.

The note is inside the directory, so that weights and note appear in one rename. Knows the layout of two
rooms of the store; does not know how weights are fetched or read.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from models import durable
from models.manifest import Licence, Manifest, Source
from models.reference import parse_remote
from models.sources.download import sha256_of
from models.sources.interface import Fetched, Report, Shelf
from models.store import Store

_NOTE: Final = "origin.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """An offer of what is here already."""

    fetched: Fetched
    weights: int
    disk: int = 0

    @property
    def licence(self) -> Licence | None:
        """As the source said it then."""
        return self.fetched.licence

    def preview(self, shelf: Shelf, report: Report) -> None:
        """All of it is here."""
        del shelf, report

    def fetch(self, shelf: Shelf, report: Report) -> Fetched:
        """Nothing has to move."""
        del shelf, report
        return self.fetched


class SourceShelf:
    """Fetched weights of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._root = store.root / "sources"

    @property
    def downloads(self) -> Path:
        """Directory for what is on its way; made on first use."""
        path = self._store.root / "downloads"
        durable.make_dirs(path)
        return path

    def staging(self) -> AbstractContextManager[Path]:
        """As `Store.staging`."""
        return self._store.staging()

    def find(self, uri: str) -> Kept | None:
        """Weights fetched earlier for the reference `uri`, if every byte is still what was fetched."""
        found = next((fetched for fetched in self._all() if fetched.source.uri == uri), None)
        if found is None or not _is_sound(folder := self._root / found.source.sha256):
            return None
        return Kept(found, _size(folder))

    def built_from(self, manifest: Manifest) -> Kept | None:
        """The weights of a bundle, under its own reference whoever fetched them first, if every byte is sound."""
        path, folder = self.weights(manifest.source), self._root / manifest.source.sha256
        if path is None or not _is_sound(folder):
            return None
        return Kept(Fetched(path, manifest.source, manifest.licence), _size(folder))

    def weights(self, source: Source) -> Path | None:
        """Where the weights of a manifest's `source` are, if they were kept."""
        return next((kept.path for kept in self._all() if kept.source.sha256 == source.sha256), None)

    def keep(self, staged: Path, source: Source, licence: Licence | None) -> Fetched:
        """Move a complete directory of weights to its lasting place, with its note."""
        note = {"source": asdict(source), "licence": asdict(licence) if licence else None}
        (staged / _NOTE).write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
        durable.sync_tree(staged)
        durable.make_dirs(self._root)
        target = self._root / source.sha256
        if target.exists() and _is_sound(target):  # the same weights, fetched under another reference
            durable.remove_tree(staged, scratch=self._store.scratch)
            return Fetched(_weights_in(target), source, licence)
        if target.exists():
            durable.remove_tree(target, scratch=self._store.scratch)
        durable.move(staged, target)
        return Fetched(_weights_in(target), source, licence)

    def drop(self, source: Source) -> int:
        """Remove the weights of a manifest's `source` unless a bundle was built from them; return bytes freed.

        What a pull is at work on stays too.

        Raises:
            StoreError: a bundle cannot be read, so that nobody knows what it was built from; nothing was removed.
        """
        return sum(self._drop_if_unused(kept) for kept in self._sources() if kept.sha256 == source.sha256)

    def drop_unused(self) -> tuple[tuple[str, int], ...]:
        """Remove all such weights, whatever they were fetched for; return their references and bytes.

        Raises:
            StoreError: as `drop`.
        """
        freed = ((kept.uri, self._drop_if_unused(kept)) for kept in self._sources())
        return tuple((uri, size) for uri, size in freed if size)

    def _drop_if_unused(self, source: Source) -> int:
        with self._store.lock_now(parse_remote(source.uri).origin) as ours:
            if not ours or source.sha256 in self._store.built_from():
                return 0
            folder = self._root / source.sha256
            freed = _size(folder)
            durable.remove_tree(folder, scratch=self._store.scratch)
        return freed

    def _sources(self) -> tuple[Source, ...]:
        return tuple(kept.source for kept in self._all())

    def _all(self) -> Iterator[Fetched]:
        if self._root.is_dir():
            yield from filter(None, map(_read, sorted(self._root.iterdir())))


def _read(folder: Path) -> Fetched | None:
    """What the note says; None where there is no sound note, for then nothing is known of the weights."""
    try:
        note = json.loads((folder / _NOTE).read_bytes())
        source, licence = Source(**note["source"]), note["licence"]
        stated = Licence(licence["spdx"], tuple(licence["tags"]), licence["url"]) if licence else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Fetched(_weights_in(folder), source, stated)


def _is_sound(folder: Path) -> bool:
    """Whether the weights have the hash they are filed under, and a note."""
    hashes = [sha256_of(path) for path in folder.iterdir() if path.name != _NOTE]
    return _read(folder) is not None and combined_sha256(hashes) == folder.name


def combined_sha256(hashes: Iterable[str]) -> str:
    """One file's own hash; for several, the hash of their sorted list, one a line."""
    listed = sorted(hashes)
    if len(listed) == 1:
        return listed[0]
    return hashlib.sha256("".join(f"{item}\n" for item in listed).encode()).hexdigest()


def _size(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file())


def _weights_in(folder: Path) -> Path:
    """The one weights file, or the directory when there are companions."""
    files = [path for path in folder.iterdir() if path.name != _NOTE]
    return files[0] if len(files) == 1 else folder

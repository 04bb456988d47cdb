"""Where fetched weights are kept: `sources/<sha256>/`, each with a note that says where it came from.

The note is inside the directory, so that weights and note appear in one rename. Knows the layout of two
rooms of the store; does not know how weights are fetched or read.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

from models import durable
from models.manifest import Licence, Source
from models.sources.interface import Fetched
from models.store import Store

_NOTE: Final = "origin.json"


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

    def find(self, uri: str) -> Fetched | None:
        """Weights fetched earlier for the reference `uri`."""
        return next((fetched for fetched in self._all() if fetched.source.uri == uri), None)

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
        if target.exists():  # the same weights under another reference: the newer note holds
            durable.remove_tree(target, scratch=self.downloads)
        durable.move(staged, target)
        return Fetched(_weights_in(target), source, licence)

    def drop_unused(self) -> int:
        """Remove weights that no bundle was built from, unless a pull is at work on them.

        Return the bytes freed.
        """
        used = {bundle.manifest.source.sha256 for bundle in self._store.list()}
        freed = 0
        for kept in tuple(self._all()):
            if kept.source.sha256 in used:
                continue
            with self._store.lock_now(kept.source.uri) as ours:
                if ours:
                    folder = self._root / kept.source.sha256
                    freed += sum(file.lstat().st_size for file in folder.rglob("*"))
                    durable.remove_tree(folder, scratch=self.downloads)
        return freed

    def _all(self) -> Iterator[Fetched]:
        if not self._root.is_dir():
            return
        for folder in sorted(self._root.iterdir()):
            note = json.loads((folder / _NOTE).read_bytes())
            licence = note["licence"]
            yield Fetched(
                _weights_in(folder),
                Source(**note["source"]),
                Licence(licence["spdx"], tuple(licence["tags"]), licence["url"]) if licence else None,
            )


def combined_sha256(hashes: Iterable[str]) -> str:
    """One file's own hash; for several, the hash of their sorted list, one a line."""
    listed = sorted(hashes)
    if len(listed) == 1:
        return listed[0]
    return hashlib.sha256("".join(f"{item}\n" for item in listed).encode()).hexdigest()


def _weights_in(folder: Path) -> Path:
    """The one weights file, or the directory when there are companions."""
    files = [path for path in folder.iterdir() if path.name != _NOTE]
    return files[0] if len(files) == 1 else folder

"""The bundles of one machine: content-addressed, written atomically, safe with several processes at once.

    bundles/<digest>/       one bundle each, never changed after it got its name
    refs/<name>             the digest that the name alone means: last added under it, or chosen
    refs/<name>@<version>   the digest of exactly that version
    sources/<sha256>/       weights as fetched, so that fidelity can be measured again (`models.sources.shelf`)
    downloads/              what is being fetched, kept over an interruption
    staging/                what is being written; a crash leaves rubbish here and nowhere else
    locks/                  one empty file a lock, never removed

Knows this layout; does not know how bundles are made or run. The runtime imports it, so: stdlib, manifest, errors.
"""

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from uuid import uuid4

from models import durable
from models.bundle import Bundle, problems
from models.errors import NewerBundleError, StoreError
from models.manifest import Manifest, Source

__all__ = ["Bundle", "Removed", "Store", "default_state_dir"]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*(@[A-Za-z0-9][A-Za-z0-9._+-]*)?")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_DIGEST_PREFIX: Final = re.compile(r"[0-9a-f]{6,64}")


def default_state_dir() -> Path:
    """Where this machine keeps its state: $INGLENOOK_STATE, else systemd's, else the user's data folder."""
    if own := os.environ.get("INGLENOOK_STATE"):
        return Path(own)
    if systemd := os.environ.get("STATE_DIRECTORY"):
        return Path(systemd.split(":")[0])  # systemd.exec(5): several are separated by colons
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "inglenook"


@dataclass(frozen=True, slots=True)
class Removed:
    """What `Store.remove` took away."""

    digest: str
    refs: tuple[str, ...]
    bytes: int
    source: Source | None
    """What the bundle was built from; None where its manifest could not be read."""


class Store:
    """The bundles below one directory, which is created when something is first written."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def below(cls, state: Path) -> Self:
        """The store of the appliance whose state directory this is."""
        return cls(state / "models")

    def list(self) -> tuple[Bundle, ...]:
        """Every bundle whose manifest can be read, by name and version; `audit` names the others."""
        found = []
        for path in self._bundle_dirs():
            try:
                found.append(Bundle.open(path))
            except StoreError:
                continue
        return tuple(sorted(found, key=lambda bundle: (bundle.reference, bundle.digest)))

    def refs(self) -> dict[str, str]:
        """Name or name@version -> digest, or an empty text where the file does not hold one."""
        folder = self.root / "refs"
        if not folder.is_dir():
            return {}
        files = sorted(path for path in folder.iterdir() if path.is_file())
        said = {path.name: path.read_text(encoding="utf-8", errors="replace").strip() for path in files}
        return {name: digest if _DIGEST.fullmatch(digest) else "" for name, digest in said.items()}

    def resolve(self, ref: str) -> Bundle:
        """The bundle called `ref`: a name, name@version, or at least six digits of a digest.

        Raises:
            StoreError: nothing, or more than one thing, is called that, or its manifest cannot be read.
        """
        return Bundle.open(self.root / "bundles" / self._digest(ref))

    def pointed(self, ref: str) -> str | None:
        """The digest that is written down for a name; None for none. One small file is read, and no bundle."""
        if not _NAME.fullmatch(ref):
            return None
        try:
            digest = (self.root / "refs" / ref).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return None
        return digest if _DIGEST.fullmatch(digest) else None

    def meant(self, name: str) -> Bundle | None:
        """The bundle that the name alone means; None where that is nothing, or cannot be read, or is not clear."""
        try:
            bundle = self.resolve(name)
        except StoreError:
            return None
        return bundle if bundle.manifest.name == name else None

    def use(self, ref: str) -> Bundle:
        """Let the name alone of the bundle called `ref` mean that bundle.

        Raises:
            StoreError: as `resolve`.
        """
        with self._exclusive():
            bundle = self.resolve(ref)
            self._point(bundle.manifest.name, bundle.digest)
        return bundle

    def add(self, staged: Path, manifest: Manifest, *, keep_name: bool = False) -> Bundle:
        """Check the bundle in `staged` (from `staging`), then move it to its place and point its names at it.

        With `keep_name` the name alone goes on meaning another version, if it means one.

        Raises:
            StoreError: the files are not what the manifest says, or the name cannot be a name.
        """
        bundle = Bundle(staged, manifest, manifest.digest)
        if not _NAME.fullmatch(bundle.reference) or "@" in manifest.name:
            raise StoreError(f"{bundle.reference!r} cannot name a model; use letters, digits and . _ + -")
        if wrong := problems(bundle):
            raise StoreError(f"the new bundle is damaged and was not kept: {wrong[0]}; pull the model again")
        durable.sync_tree(staged)
        target = self.root / "bundles" / bundle.digest
        with self._exclusive():
            held = self.meant(manifest.name) if keep_name else None
            if target.exists() and not self._is_sound(target):
                durable.remove_tree(target, scratch=self._room("staging"))
            if not target.exists():
                durable.move(staged, self._room("bundles") / bundle.digest)
            meant = held if held and held.reference != bundle.reference else bundle
            self._point(bundle.reference, bundle.digest)
            self._point(manifest.name, meant.digest)
        return Bundle(target, manifest, bundle.digest)

    def remove(self, ref: str) -> Removed:
        """Remove the bundle called `ref` and every name that points at it. Works on a damaged bundle too.

        Raises:
            StoreError: nothing, or more than one thing, is called that.
        """
        with self._exclusive():
            digest = self._digest(ref)
            path = self.root / "bundles" / digest
            source = _source(path)
            names = tuple(name for name, target in self.refs().items() if name == ref or target == digest)
            # Names go first: a bundle without a name is sound, a name without a bundle is not.
            for name in names:
                (self.root / "refs" / name).unlink()
            if names:
                durable.sync_file(self.root / "refs")
            size = sum(file.lstat().st_size for file in path.rglob("*") if not file.is_dir())
            if path.exists():
                durable.remove_tree(path, scratch=self._room("staging"))
        return Removed(digest, names, size, source)

    def built_from(self) -> frozenset[str]:
        """The sha256 of all weights that bundles here were built from.

        Raises:
            StoreError: the manifest of one cannot be read.
        """
        return frozenset(Bundle.open(path).manifest.source.sha256 for path in self._bundle_dirs())

    def verify(self, bundle: Bundle) -> tuple[str, ...]:
        """Everything wrong with one bundle, every byte read, one sentence each; empty when it is sound."""
        misplaced = bundle.path.name != bundle.digest
        return (
            *(["its manifest has another digest than its directory"] if misplaced else ()),
            *problems(bundle),
        )

    def audit(self) -> dict[str, tuple[str, ...]]:
        """What is wrong with each bundle and each name; an empty tuple for the sound ones."""
        report: dict[str, tuple[str, ...]] = {}
        for path in self._bundle_dirs():
            try:
                bundle = Bundle.open(path)
                report[f"{bundle.reference} {path.name[:12]}"] = self.verify(bundle)
            except StoreError as exc:
                report[path.name[:12]] = (str(exc),)
        for name, digest in self.refs().items():
            if not (self.root / "bundles" / digest).is_dir() or not _DIGEST.fullmatch(digest):
                report[f"name {name}"] = (f"points at bundle {digest[:12]!r}, which is not here",)
        return report

    def newer(self) -> frozenset[str]:
        """What `audit` calls the bundles of a later inglenook: not to be read here, and sound for all we know."""
        found = set()
        for path in self._bundle_dirs():
            try:
                Bundle.open(path)
            except NewerBundleError:
                found.add(path.name[:12])
            except StoreError:
                continue
        return frozenset(found)

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """An empty directory to build in, on the store's file system; gone after the block unless moved away.

        The directory itself is locked while the block runs, so what a dead process left can be told from
        what is being written now.
        """
        path = self._room("staging") / uuid4().hex
        with self._exclusive():
            self._sweep()
            path.mkdir()
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            durable.take(handle)
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)
            os.close(handle)

    def sweep(self) -> None:
        """Clear what a process left that died between keeping its bundle and tidying up."""
        if any((self.root / "staging").glob("*")):
            with self._exclusive():
                self._sweep()

    @property
    def scratch(self) -> Path:
        """Where `durable.remove_tree` puts what is to go; a crash in its middle is swept up later."""
        return self._room("staging")

    def lock(self, key: str, *, waiting: Callable[[], None] | None = None) -> AbstractContextManager[None]:
        """One holder a key on this machine; `waiting` is called once if another process holds it."""
        return durable.locked(self._lock_file(key), waiting=waiting)

    def lock_now(self, key: str) -> AbstractContextManager[bool]:
        """As `lock`, but never waits; gives whether the lock is held."""
        return durable.locked_now(self._lock_file(key))

    def _exclusive(self) -> AbstractContextManager[None]:
        """Held for moments only, while names change."""
        return durable.locked(self._room("locks") / "store")

    def _lock_file(self, key: str) -> Path:
        return self._room("locks") / hashlib.sha256(key.encode()).hexdigest()[:32]

    def _point(self, name: str, digest: str) -> None:
        """The caller holds the store's lock."""
        durable.write_file(self._room("refs") / name, digest + "\n", scratch=self._room("staging"))

    def _room(self, name: str) -> Path:
        path = self.root / name
        durable.make_dirs(path)
        return path

    def _bundle_dirs(self) -> tuple[Path, ...]:
        folder = self.root / "bundles"
        return tuple(sorted(folder.iterdir())) if folder.is_dir() else ()

    def _is_sound(self, path: Path) -> bool:
        try:
            return not self.verify(Bundle.open(path))
        except StoreError:
            return False

    def _digest(self, ref: str) -> str:
        if not _NAME.fullmatch(ref):
            raise StoreError(f"{ref!r} is not a model's name; `ingle list` shows the names")
        if digest := self.pointed(ref):
            return digest
        here = [path.name for path in self._bundle_dirs()]
        matches = [digest for digest in here if _DIGEST_PREFIX.fullmatch(ref) and digest.startswith(ref)]
        called = [each for each in self.list() if ref in {each.manifest.name, each.reference}]
        if not matches and len({each.reference for each in called}) > 1:
            raise StoreError(
                f"{ref!r} could be {len(called)} bundles; add the version that `ingle list` shows, or let the name "
                "mean one of them with `ingle use NAME@VERSION`"
            )
        matches = matches or [each.digest for each in called]
        if len(matches) > 1:
            raise StoreError(
                f"{ref!r} could be {len(matches)} bundles; give more of the digest from `ingle list`"
            )
        if not matches:
            names = ", ".join(name for name in self.refs() if "@" not in name) or "none yet"
            raise StoreError(
                f"no model {ref!r} on this machine (there is: {names}); "
                "`ingle pull` fetches one, `ingle list --available` shows which"
            )
        return matches[0]

    def _sweep(self) -> None:
        """Clear what dead processes left in staging. The caller holds the store's lock."""
        for path in (self.root / "staging").iterdir():
            if not path.is_dir():
                path.unlink()  # small files are written there only under the lock we hold
                continue
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            if durable.take(handle):
                shutil.rmtree(path, ignore_errors=True)
            os.close(handle)


def _source(path: Path) -> Source | None:
    try:
        return Bundle.open(path).manifest.source
    except StoreError:
        return None

"""A bundle as it lies on disk: one directory, immutable, named by the digest of its manifest. Stdlib only.

Knows how to read one and how to tell a sound one from a damaged one; does not know where bundles are kept
(`models.store`) nor what the graph inside computes.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

from models.errors import ManifestError, NewerBundleError, NewerManifestError, StoreError
from models.manifest import MANIFEST_NAME, File, Manifest


@dataclass(frozen=True, slots=True)
class Bundle:
    """One model, ready to be run."""

    path: Path
    manifest: Manifest
    digest: str

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read the manifest of the bundle at `path`; the files it lists are not looked at.

        Raises:
            NewerBundleError: a later inglenook wrote its manifest.
            StoreError: there is no manifest, or it cannot be read.
        """
        try:
            manifest, digest = _read((path / MANIFEST_NAME).read_bytes())
        except OSError as exc:
            raise StoreError(
                f"bundle {path.name[:12]} has no readable manifest ({exc.strerror}); pull the model again"
            ) from exc
        except NewerManifestError as exc:
            raise NewerBundleError(f"bundle {path.name[:12]}: {exc}") from exc
        except ManifestError as exc:
            raise StoreError(f"bundle {path.name[:12]}: {exc}") from exc
        return cls(path, manifest, digest)

    @property
    def size(self) -> int:
        """Bytes of all listed files."""
        return sum(file.size for file in self.manifest.files)

    @property
    def reference(self) -> str:
        """The full name, `name@version`."""
        return f"{self.manifest.name}@{self.manifest.version}"


@lru_cache(maxsize=32)
def _read(text: bytes) -> tuple[Manifest, str]:
    """A manifest and its digest: some 10 ms of work the first time, and whoever lists models reads all there are."""
    manifest = Manifest.from_json(text)
    return manifest, manifest.digest


def problems(bundle: Bundle) -> tuple[str, ...]:
    """Everything that makes `bundle` differ from its manifest, one sentence each; empty when it is sound."""
    return tuple(_problems(bundle))


def _problems(bundle: Bundle) -> Iterator[str]:
    listed = {file.path for file in bundle.manifest.files}
    present = set(_files_below(bundle.path))
    if MANIFEST_NAME not in present:
        yield f"{MANIFEST_NAME} is missing"
    elif (bundle.path / MANIFEST_NAME).read_bytes() != bundle.manifest.to_json().encode():
        yield f"{MANIFEST_NAME} is not the one this bundle is named after"
    for name in sorted(present - listed - {MANIFEST_NAME}):
        yield f"{name} is not in the manifest"
    for name in sorted(listed - present):
        yield f"{name} is missing"
    for file in bundle.manifest.files:
        if file.path in present and (problem := _altered(bundle.path, file)):
            yield problem


def _altered(root: Path, file: File) -> str | None:
    path = root / file.path
    if not path.resolve().is_relative_to(root.resolve()):
        return f"{file.path} leads out of the bundle"
    if not path.is_file():
        return f"{file.path} is not a file"
    if (size := path.stat().st_size) != file.size:
        return f"{file.path} has {size} bytes, the manifest says {file.size}"
    with path.open("rb") as stream:
        actual = hashlib.file_digest(stream, "sha256").hexdigest()
    if actual != file.sha256:
        return f"{file.path} has sha256 {actual}, the manifest says {file.sha256}"
    return None


def _files_below(root: Path) -> Iterator[str]:
    """Relative names of everything but directories; a link is a name, whatever it points to."""
    for folder, folders, names in os.walk(root):
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in (*names, *links):
            yield Path(folder, name).relative_to(root).as_posix()

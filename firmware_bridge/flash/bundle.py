"""A firmware bundle: one .zip file with a manifest and the files it names. Read whole, within bounds, and checked.

Nothing is unpacked to a disk here, so that a name in the archive never becomes a path.
"""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from firmware_bridge.flash import manifest as manifests
from firmware_bridge.flash.check import check
from firmware_bridge.flash.errors import BundleError, ContentError
from firmware_bridge.flash.manifest import FILES, LARGEST, LONGEST, NAME, File, Manifest, Method

_LARGEST_BUNDLE: Final = 64 << 20
_PACKED: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""What unpacks no more than it is asked for; the others make of a few bytes all that these were once."""
_DATE: Final = (1980, 1, 1, 0, 0, 0)
"""The same for every file, so that the same firmware gives the same bundle."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Checked firmware, in memory."""

    manifest: Manifest
    files: Mapping[str, bytes]
    """By name; exactly those of the manifest."""


def read(path: Path) -> Bundle:
    """The bundle in a file.

    Raises:
        BundleError: it is none, or not a whole one.
    """
    with _as_broken(path):
        with path.open("rb") as file:
            raw = file.read(_LARGEST_BUNDLE + 1)
        if len(raw) > _LARGEST_BUNDLE:
            raise BundleError(f"{path} is larger than {_LARGEST_BUNDLE >> 20} MiB; is it a firmware bundle?")
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            entries = _entries(archive)
            said = _content(archive, entries.pop(NAME), LONGEST)
            files = _contents(archive, entries)
    return Bundle(check(said, files), files)


def write(path: Path, manifest: Manifest, files: Mapping[str, bytes]) -> None:
    """Make a bundle. The file is there whole, or not at all.

    Raises:
        BundleError: it could not be read again.
        OSError: it cannot be written.
    """
    said = manifests.write(manifest)
    check(said, files)
    room = path.with_name(f".{path.name}.part")
    try:
        with zipfile.ZipFile(room, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in ((NAME, said), *sorted(files.items())):
                archive.writestr(zipfile.ZipInfo(name, _DATE), data, zipfile.ZIP_DEFLATED)
        room.replace(path)
    finally:
        room.unlink(missing_ok=True)


def described(
    name: str, version: str, board: str, method: Method, files: Mapping[str, bytes], *, describes_itself: bool,
    offsets: Mapping[str, int] | None = None,
) -> Manifest:  # fmt: skip
    """The manifest of some files."""
    listed = tuple(
        File(each, len(data), hashlib.sha256(data).hexdigest(), (offsets or {}).get(each))
        for each, data in sorted(files.items())
    )
    return Manifest(name, version, board, describes_itself, method, listed)


def _entries(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    found = archive.infolist()
    if len(found) > FILES + 1:
        raise BundleError(f"the bundle has {len(found)} files; it may have {FILES} and a manifest")
    entries = {each.filename: each for each in found}
    if len(entries) < len(found):
        raise BundleError("the bundle has two files of one name; get it again")
    if NAME not in entries:
        raise BundleError(f"the file has no {NAME}; make a bundle by `ingle bridge bundle`")
    for each in entries:
        if "/" in each or "\\" in each or each.startswith(".") or not each.isprintable():
            raise ContentError(each, "is in a folder, or has a name that no file should have")
    for name, entry in entries.items():
        if entry.compress_type not in _PACKED:
            raise ContentError(name, "is packed in another way than is read here, which is deflate")
    return entries


def _contents(archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo]) -> dict[str, bytes]:
    files, left = {}, LARGEST
    for name, entry in entries.items():
        files[name] = _content(archive, entry, left)
        left -= len(files[name])
    return files


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    """The bytes of one entry, counted as they are unpacked: what an archive says of their number is not believed."""
    with archive.open(entry) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ContentError(entry.filename, "is larger than any firmware")
    return data


@contextmanager
def _as_broken(path: Path) -> Iterator[None]:
    """What a reader of archives says of one that is broken."""
    try:
        yield
    except BundleError:
        raise
    except OSError as exc:
        raise BundleError(f"{path} cannot be read ({exc.strerror or exc}); name a firmware bundle") from exc
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as exc:
        raise BundleError(f"{path} is no firmware bundle, or broken ({exc}); get it again") from exc

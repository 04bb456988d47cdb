"""One file from one address, whole and checked, over a network that breaks.

Bytes go to `NAME.part` and get their name only when complete, hashed and synced. A broken connection is
taken up where it broke (RFC 9110, 14: Range, with If-Range where the server gives a strong entity tag).
What an earlier process left is continued only if a known hash will judge the result. Knows HTTP through
`models.sources.web`.
"""

import hashlib
import http.client
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from models import durable
from models.errors import FetchError
from models.sources import web
from models.sources.interface import Progress, Report

_BLOCK: Final = 1 << 15
"""Small enough that a slow line shows progress, and that a kill loses little."""
_CONTENT_RANGE: Final = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class Retry:
    """How long to try. Attempts are counted from the last one that brought new bytes."""

    attempts: int = 5
    pause_s: float = 0.5
    """Before the second attempt; doubled for each one after."""
    longest_pause_s: float = 30.0
    timeout_s: float = 30.0
    """Longest silence of a server."""


PATIENT: Final = Retry()


@dataclass(frozen=True, slots=True)
class Remote:
    """A file somewhere else, with what is known of it beforehand."""

    url: str
    what: str
    """Its name, for progress and messages."""
    size: int | None = None
    sha256: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def download(remote: Remote, to: Path, report: Report, retry: Retry = PATIENT) -> str:
    """Bring `remote` to the path `to` and return its sha256. The caller keeps others from writing to `to`.

    Raises:
        FetchError: it cannot be had (what came so far is kept), or is not what was expected (nothing is
            kept).
    """
    if to.exists() and remote.sha256 is not None and sha256_of(to) == remote.sha256:
        return remote.sha256
    part = to.with_name(to.name + ".part")
    with part.open("a+b") as file:
        transfer = _Transfer(remote, file, report)
        inherited = transfer.take_up()
        transfer.run(retry)
        if inherited and not transfer.is_right:  # the beginning was bad; the rest may not be
            transfer.restart()
            transfer.run(retry)
        if not transfer.is_right:
            part.unlink()
            raise FetchError(
                f"{remote.what} has sha256 {transfer.hash.hexdigest()} but {remote.sha256} was expected; "
                "nothing was kept; try another network or another source"
            )
        durable.sync_file(part)
    durable.move(part, to)
    return transfer.hash.hexdigest()


class _Transfer:
    """A partly written file, the hash of what it holds, and what the server said so far."""

    def __init__(self, remote: Remote, file: BinaryIO, report: Report) -> None:
        self.remote, self.file, self.report = remote, file, report
        self.hash = hashlib.sha256()
        self.have = 0
        self.total = remote.size
        self.etag: str | None = None

    @property
    def is_right(self) -> bool:
        return self.remote.sha256 in {None, self.hash.hexdigest()}

    @property
    def is_whole(self) -> bool:
        if self.total is not None:
            return self.have >= self.total
        return self.remote.sha256 == self.hash.hexdigest()

    def take_up(self) -> bool:
        """Hash what an earlier process left; False when there is nothing to go on from."""
        self.file.seek(0)
        if self.remote.sha256 is not None:
            while block := self.file.read(_BLOCK):
                self.hash.update(block)
                self.have += len(block)
        if self.remote.sha256 is None or (self.total is not None and self.have > self.total):
            self.restart()
        return self.have > 0

    def restart(self) -> None:
        self.file.seek(0)
        self.file.truncate()
        self.hash = hashlib.sha256()
        self.have = 0

    def run(self, retry: Retry) -> None:
        """Attempt until the file is whole."""
        failures, furthest = 0, self.have
        while not self.is_whole:
            try:
                self._attempt(retry.timeout_s)
            except web.TransientError as exc:
                failures = 1 if self.have > furthest else failures + 1
                furthest = max(furthest, self.have)
                if failures >= retry.attempts:
                    raise
                pause = exc.retry_after_s or retry.pause_s * 2 ** (failures - 1)
                time.sleep(min(pause, retry.longest_pause_s))
            else:
                return

    def _attempt(self, timeout_s: float) -> None:
        headers = {**self.remote.headers, "Accept-Encoding": "identity"}
        if self.have and not (self.etag or self.remote.sha256):
            self.restart()  # nothing could tell whether the rest belongs to what we have
        if self.have:
            headers["Range"] = f"bytes={self.have}-"
            if self.etag:
                headers["If-Range"] = self.etag
        try:
            response = web.get(self.remote.url, headers=headers, timeout_s=timeout_s)
        except web.StatusError as exc:
            if exc.status != http.client.REQUESTED_RANGE_NOT_SATISFIABLE or not self.have:
                raise
            self.restart()
            raise web.TransientError(f"{self.remote.what} changed while it was fetched; try again") from exc
        with response:
            self._expect(response)
            self._receive(response)

    def _expect(self, response: http.client.HTTPResponse) -> None:
        """Learn the size, and whether the server goes on from where we are."""
        total: int | None
        if response.status == http.client.PARTIAL_CONTENT:
            match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
            if not match or int(match[1]) != self.have:
                self.restart()
                raise web.TransientError(
                    f"the server sent another part of {self.remote.what} than asked; try again"
                )
            total = None if match[3] == "*" else int(match[3])
        else:
            if self.have:
                self.restart()
            total = response.length
        if total is not None and self.remote.size not in {None, total}:
            raise FetchError(
                f"{self.remote.what} should have {self.remote.size} bytes but the server has "
                f"{total}; use another source"
            )
        self.total = total if total is not None else self.remote.size
        etag = response.headers.get("ETag", "")
        self.etag = etag if etag.startswith('"') else None  # a weak tag promises too little for If-Range
        if self.total is None and self.remote.sha256 is None and not response.chunked:
            raise FetchError(
                f"the server tells neither the size nor the hash of {self.remote.what}, so a broken download "
                "could not be noticed; use another source"
            )

    def _receive(self, response: http.client.HTTPResponse) -> None:
        self.report(Progress(self.have, self.total, self.remote.what))
        while block := web.read(response, _BLOCK):
            if self.total is not None and self.have + len(block) > self.total:
                self.restart()
                raise FetchError(
                    f"the server sends more of {self.remote.what} than it said; use another source"
                )
            self.file.write(block)
            self.hash.update(block)
            self.have += len(block)
            self.report(Progress(self.have, self.total, self.remote.what))
        if self.total is not None and self.have < self.total:
            raise web.TransientError(
                f"{self.remote.what} broke off after {self.have} of {self.total} bytes; "
                "run the same command again to go on"
            )


def sha256_of(path: Path) -> str:
    """Sha256 of a whole file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

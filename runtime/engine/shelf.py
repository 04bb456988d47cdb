"""Prefixes that outlive the process: the files there are, which are worth one, and how many bytes they may take.

Only what prompts say to be stable is kept, and only once it has come back, so that neither a person's words nor a
clock in a system prompt is written again and again to a card that wears. Nothing here is missed when it is gone: a
file that is damaged, of another computation or unreadable is as good as none, and a full disk means no new ones.
Safe for several processes in one directory: names appear whole, and one at a time writes and sweeps.
"""

import logging
import os
import shutil
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import Final

from models.durable import make_dirs, move, take
from runtime.engine import prefix_file
from runtime.engine.cache import Cache
from runtime.engine.prefix_file import DamagedError, Piece

_log = logging.getLogger(__name__)

LEAST_TOKENS: Final = 32
"""Shorter prefixes are computed sooner than they are looked after."""
_ENDING, _UNFINISHED, _LOCK = ".prefix", ".part", "lock"
_SEEN: Final = 64
"""How many prefixes are remembered to have been asked for, while waiting for the second time."""
_RESERVE: Final = 64 << 20
"""Bytes of the disk that are left to others, who may have more to lose."""
_DAY_S: Final = 86_400.0
_PAUSE_S: Final = 600.0
"""After a failure, before the next try."""
_STAMP_S: Final = 3600.0
"""How exactly the time of last use is kept: to write it at each use would wear the card."""


@dataclass(slots=True)
class _File:
    ids: tuple[int, ...]
    path: Path
    size: int
    stamped: float
    """When its time of last use was set, `time.monotonic`."""


class Shelf:
    """Prefix files of one computation in a directory; those of others only count towards its size."""

    def __init__(
        self, directory: Path, digest: bytes, *, room: int, most: int, reserve: int = _RESERVE
    ) -> None:
        """Look through the directory, which is made.

        Args:
            directory: Of ours alone.
            digest: What decides every bit of a cache beside the tokens.
            room: Bytes of all files together, and of what is written in a day.
            most: Tokens in the longest prefix there could be.
            reserve: Bytes of the disk to leave free.
        """
        self._directory, self._digest = directory, digest
        self._room, self._most, self._reserve = room, most, reserve
        self._files: dict[Path, _File] = {}
        self._seen: OrderedDict[tuple[int, ...], None] = OrderedDict()
        self._lock = threading.Lock()
        self._writer: threading.Thread | None = None
        self._day, self._today = time.monotonic(), 0
        self._rest_until = 0.0
        self.restored = 0
        """Prompts that began with a file."""
        try:
            self._open()
        except OSError as exc:
            self._complain(exc)

    @property
    def size(self) -> int:
        """Bytes of the files that could be used now."""
        with self._lock:
            return sum(file.size for file in self._files.values())

    def restore(self, prompt: Sequence[int], cache: Cache, *, beyond: int) -> int | None:
        """Make a cache hold the longest prefix of a prompt there is a file of, if longer than `beyond`.

        Two tokens of the prompt are left to run at least: a single one is computed with other roundings. Return how
        many the cache holds; 0 when it was emptied because the file is no good, None when it was not touched.
        """
        found = self._longest(prompt, beyond)
        if found is None:
            return None
        try:
            prefix_file.read(found.path, self._digest, found.ids, list(cache.pieces(len(found.ids))))
        except (OSError, DamagedError) as exc:
            cache.forget()
            self._drop(found, exc)
            return 0
        cache.arrive(len(found.ids))
        self._stamp(found)
        self.restored += 1
        return len(found.ids)

    def wants(self, ids: tuple[int, ...], memory: int) -> bool:
        """Whether a prefix that was just used, and left so many bytes, should be given to `store`."""
        with self._lock:
            known = self._files.get(self._path(ids))
            if known is not None:
                self._stamp(known)
                return False
            again = ids in self._seen
            self._seen[ids] = None
            self._seen.move_to_end(ids)
            if len(self._seen) > _SEEN:
                self._seen.popitem(last=False)
            return again and not self._writing() and self._affords(prefix_file.size_of(len(ids), memory))

    def store(self, ids: tuple[int, ...], pieces: Sequence[Piece]) -> None:
        """Write a prefix, on a thread of its own. `pieces` are the shelf's from now on."""
        size = prefix_file.size_of(len(ids), sum(piece.nbytes for piece in pieces))
        with self._lock:
            if self._writing():
                return
            self._today += size
            self._writer = threading.Thread(
                target=self._write, args=(ids, pieces, size), name="engine.shelf", daemon=True
            )
            self._writer.start()

    def close(self, wait_s: float = 5.0) -> None:
        """Wait a little for a file that is being written; cut off, it is swept away at the next start."""
        if self._writer is not None:
            self._writer.join(wait_s)

    def _open(self) -> None:
        make_dirs(self._directory)
        self._directory.chmod(0o700)
        with self._alone() as alone:
            if alone:  # or else one of these is being written
                for path in self._directory.glob(f"*{_UNFINISHED}"):
                    path.unlink()
                self._clear(self._room)  # there may have been more room before
        for path, size in self._by_use(f"{self._family}-*"):
            try:
                ids = prefix_file.tell(path, self._digest, most=self._most)
            except (OSError, DamagedError) as exc:
                self._remove(path, exc)
            else:
                self._files[path] = _File(ids, path, size, -_STAMP_S)
        if self._files:
            prefix_file.prefetch(next(reversed(self._files)))

    @property
    def _family(self) -> str:
        return self._digest.hex()[:16]

    def _path(self, ids: Sequence[int]) -> Path:
        return self._directory / f"{self._family}-{prefix_file.name_of(ids)}{_ENDING}"

    def _longest(self, prompt: Sequence[int], beyond: int) -> _File | None:
        whole, end = tuple(prompt), len(prompt) - 2
        with self._lock:
            fits = (
                file
                for file in self._files.values()
                if beyond < len(file.ids) <= end and whole[: len(file.ids)] == file.ids
            )
            return max(fits, key=lambda file: len(file.ids), default=None)

    def _drop(self, file: _File, reason: Exception) -> None:
        with self._lock:
            self._files.pop(file.path, None)
        self._remove(file.path, reason)

    def _remove(self, path: Path, reason: Exception) -> None:
        if isinstance(reason, FileNotFoundError):  # another process made room
            return
        _log.warning("a stored prefix is dropped and will be computed again: %s", reason)
        try:
            path.unlink(missing_ok=True)
        except OSError as exc:
            self._complain(exc)

    def _stamp(self, file: _File) -> None:
        """Note that a file was used."""
        now = time.monotonic()
        if now - file.stamped >= _STAMP_S:
            file.stamped = now
            try:
                os.utime(file.path)
            except OSError as exc:
                _log.debug("%s", exc)

    def _writing(self) -> bool:
        return self._writer is not None and self._writer.is_alive()

    def _affords(self, size: int) -> bool:
        """Whether so many bytes may be written now."""
        now = time.monotonic()
        if now - self._day >= _DAY_S:
            self._day, self._today = now, 0
        return now >= self._rest_until and self._today + size <= self._room

    def _write(self, ids: tuple[int, ...], pieces: Sequence[Piece], size: int) -> None:
        path = self._path(ids)
        part = path.with_suffix(f".{os.getpid()}{_UNFINISHED}")
        try:
            with self._alone() as alone:
                if not alone:
                    return
                self._make_room(size)
                try:
                    prefix_file.write(part, self._digest, ids, pieces)
                    move(part, path)
                finally:
                    part.unlink(missing_ok=True)
        except OSError as exc:
            self._complain(exc)
            return
        with self._lock:
            self._files[path] = _File(ids, path, size, time.monotonic())

    def _make_room(self, size: int) -> None:
        """Take files away until one of `size` bytes fits the room.

        Raises:
            OSError: the disk itself has no room for it.
        """
        self._clear(self._room - size)
        free = shutil.disk_usage(self._directory).free
        if free < size + self._reserve:
            raise OSError(f"{free >> 20} MiB are free in {self._directory}, too few for one more")

    def _clear(self, most: int) -> None:
        """Take files away, the least recently used first, until those that are left have so many bytes together."""
        files = self._by_use("*")
        total = sum(taken for _, taken in files)
        for path, taken in files:
            if total <= most:
                break
            total -= taken
            with self._lock:
                self._files.pop(path, None)
            path.unlink(missing_ok=True)

    def _by_use(self, names: str) -> list[tuple[Path, int]]:
        """Files and their sizes, the least recently used first."""
        found = []
        for path in self._directory.glob(f"{names}{_ENDING}"):
            with suppress(FileNotFoundError):  # another process dropped it
                status = path.stat()
                if S_ISREG(status.st_mode):
                    found.append((status.st_mtime, path, status.st_size))
        return [(path, size) for _, path, size in sorted(found)]

    def _complain(self, exc: OSError) -> None:
        """Say it once in a while, and go on without."""
        now = time.monotonic()
        if now >= self._rest_until:
            _log.warning(
                "what prompts leave cannot be kept for the next start (%s); make room or check rights",
                exc,
            )
        self._rest_until = now + _PAUSE_S

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        """Hold the directory's lock for the block; False when another process has it."""
        handle = os.open(self._directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield take(handle)
        finally:
            os.close(handle)

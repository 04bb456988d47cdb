"""Where the audit log is kept: a file of bounded size that a kill leaves readable, or the journal.

Each line is one write to a file opened for appending, so the kernel has it before the next request is answered: what
kills the process takes nothing of it away. A power cut may cut the last line, as may a kill in the middle of a write
that goes over a page of memory; the next start ends it.
"""

import logging
import os
from pathlib import Path
from typing import Final

from models import durable
from runtime.api.audit import Audit, Entry, NoAudit
from runtime.config import Logging
from runtime.errors import ConfigError

_AGAIN: Final = 100
"""After a write that failed, so many entries are left out before the next try."""
_log: Final = logging.getLogger(__name__)


class AuditFile:
    """`audit.jsonl`, and `audit.jsonl.1` with what was before: each holds half of what both may."""

    def __init__(self, path: Path, most_bytes: int, *, prompts: bool = False) -> None:
        """Open the file.

        Raises:
            ConfigError: it cannot be written.
        """
        self.prompts = prompts
        self._path = path
        self._most = most_bytes // 2
        self._skip = 0
        try:
            durable.make_dirs(path.parent)
            self._file, self._size = self._open()
        except OSError as exc:
            raise ConfigError(
                f"the audit log cannot be written to {path} ({exc.strerror}); make the state directory writable, "
                'or set logging.audit = "off"'
            ) from exc

    def note(self, entry: Entry) -> None:
        """See `runtime.api.audit.Audit.note`."""
        if self._skip:
            self._skip -= 1
            return
        line = entry.line.encode() + b"\n"
        try:
            if self._size and self._size + len(line) > self._most:
                self._turn()
            self._size += os.write(self._file, line)
        except OSError as exc:
            self._skip = _AGAIN
            _log.error(
                "the audit log cannot be written (%s): %d entries are left out", exc.strerror, _AGAIN + 1
            )

    def close(self) -> None:
        """Write no more."""
        os.close(self._file)

    def _open(self) -> tuple[int, int]:
        file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        durable.keep_private(self._path)
        size = os.fstat(file).st_size
        if size and os.pread(file, 1, size - 1) != b"\n":
            size += os.write(file, b"\n")
        return file, size

    def _turn(self) -> None:
        """Begin a new file, and forget the one before the last."""
        self._path.replace(self._path.with_name(f"{self._path.name}.1"))
        old = self._file
        self._file, self._size = self._open()
        os.close(old)


class AuditJournal:
    """Lines in the log, for the journal to keep and to rotate."""

    def __init__(self, *, prompts: bool = False) -> None:
        self.prompts = prompts

    def note(self, entry: Entry) -> None:
        """See `runtime.api.audit.Audit.note`."""
        _log.info("%s", entry.line)


def audit_of(settings: Logging, state: Path) -> Audit:
    """What the owner wants.

    Raises:
        ConfigError: the file cannot be written.
    """
    path, prompts = state / "audit.jsonl", settings.audit_prompts
    if settings.audit == "off":
        return NoAudit()
    if prompts:
        where = path if settings.audit == "file" else "the journal"
        _log.warning("what callers ask is written to %s, as logging.audit_prompts wants it", where)
    if settings.audit == "journal":
        return AuditJournal(prompts=prompts)
    return AuditFile(path, settings.audit_bytes, prompts=prompts)

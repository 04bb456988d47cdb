"""The journal's file: its table, its version, and what happens to a file that cannot be used.

Such a file is moved aside, never mended in silence: what was in it is lost to the appliance, and the log says what that
means.
"""

import contextlib
import itertools
import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from models.durable import keep_private

_log = logging.getLogger(__name__)

VERSION: Final = 1
_ASIDE: Final = ".unusable"
_PARTS: Final = ("", "-wal", "-shm")
_TABLE: Final = """
CREATE TABLE orders (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    sender TEXT NOT NULL,
    session TEXT NOT NULL,
    id TEXT NOT NULL,
    later INTEGER NOT NULL DEFAULT 0,   -- 1: what the order of the same name planned
    phase TEXT NOT NULL
        CHECK (phase IN ('received', 'planned', 'sending', 'sent', 'decided', 'answered')),
    wall REAL NOT NULL,                 -- when it was taken
    ticks REAL NOT NULL,
    boot TEXT NOT NULL,
    asked TEXT NOT NULL,                -- Order
    after_s REAL NOT NULL DEFAULT 0,
    plan TEXT,                          -- [Action]
    turn INTEGER UNIQUE,
    sendings TEXT,                      -- [Sending]
    result TEXT,                        -- Result
    UNIQUE (sender, session, id, later)
);
CREATE INDEX unfinished ON orders (phase) WHERE phase <> 'answered';
"""


class DamagedError(Exception):
    """The file is no database, or not a whole one."""


class NewerError(Exception):
    """A later version of this program wrote the file."""


def connect(path: Path) -> sqlite3.Connection:
    """Open the journal, making it if it is not there.

    The connection belongs to one thread; a commit returns when it is on disk.

    Raises:
        NewerError: the file is of a later version, and stays as it is.
        OSError, sqlite3.OperationalError: the directory cannot be written, or the disk is full.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _shut(path)
    try:
        return _open(path)
    except DamagedError as exc:
        set_aside(path, str(exc))
        return _open(path)


def set_aside(path: Path, why: str) -> None:
    """Move the file out of the way, over none that was moved before, and say what is lost."""
    numbers = itertools.chain(("",), (f".{n}" for n in itertools.count(2)))
    names = (path.with_name(path.name + _ASIDE + number) for number in numbers)
    aside = next(each for each in names if not _parts_of(each))
    for part, old in _parts_of(path):
        old.replace(aside.with_name(aside.name + part))
    _log.error(
        "%s cannot be used (%s) and was moved to %s; a new one is begun. Lost with it: commands that were not "
        "answered yet, what was planned for later, and which commands were done already, so one that is sent again "
        "is done again. Look at the disk if this happens twice",
        path,
        why,
        aside.name,
    )


def _shut(path: Path) -> None:
    """Let nobody else read what was said to the house. Sqlite gives the parts that it adds the rights of the first."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    for file in path.parent.glob(f"{path.name}*"):
        with contextlib.suppress(FileNotFoundError):  # another process has just closed it
            keep_private(file)


def _parts_of(path: Path) -> list[tuple[str, Path]]:
    """The files of a database that are there, each with what its name ends with."""
    parts = [(part, path.with_name(path.name + part)) for part in _PARTS]
    return [(part, file) for part, file in parts if file.exists()]


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        _check(connection)
        _make(connection)
    except sqlite3.DatabaseError as exc:
        connection.close()
        if isinstance(exc, sqlite3.OperationalError) and exc.sqlite_errorcode not in _DAMAGE:
            raise
        raise DamagedError(str(exc)) from exc
    except (DamagedError, NewerError):
        connection.close()
        raise
    return connection


_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
"""What sqlite says of a file that it cannot make sense of; an error in our SQL would show in every test."""


def _check(connection: sqlite3.Connection) -> None:
    with closing(connection.execute("PRAGMA quick_check(1)")) as rows:
        (found,) = rows.fetchone()
    if found != "ok":
        raise DamagedError(found)


def _make(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        connection.execute("SELECT key FROM orders LIMIT 1")
        return
    if version > VERSION:
        raise NewerError(f"it has version {version}, and this program knows {VERSION}")
    if version:
        raise DamagedError(f"it has version {version}, and this program knows {VERSION}")
    connection.executescript(f"BEGIN IMMEDIATE; {_TABLE} PRAGMA user_version = {VERSION}; COMMIT;")

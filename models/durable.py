"""What it takes for a file to survive a power cut, and for two processes to share a directory.

Knows fsync, rename and flock; does not know what the files mean. Stdlib only. A rename lasts only once the
directory that holds the name is synced too.
"""

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def sync_file(path: Path) -> None:
    """Wait until the bytes of a file, or the names in a directory, are on the disk."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(root: Path) -> None:
    """Sync every file below `root`, every directory, and `root` itself. Symbolic links are left alone."""
    for folder, _, names in os.walk(root, topdown=False):
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink():
                sync_file(path)
        sync_file(Path(folder))


def make_dirs(path: Path) -> None:
    """Create a directory and its parents so that they last."""
    if path.is_dir():
        return
    make_dirs(path.parent)
    path.mkdir(exist_ok=True)
    sync_file(path.parent)


def move(source: Path, target: Path) -> None:
    """Rename within one file system, lastingly. A file replaces a file.

    A directory needs its name to be free.
    """
    source.rename(target)
    sync_file(target.parent)
    if source.parent != target.parent:
        sync_file(source.parent)


def write_file(path: Path, text: str, *, scratch: Path) -> None:
    """Write a small file so that a reader sees the old content or the new.

    `scratch` is on the same file system.
    """
    temporary = scratch / f"{path.name}.{os.getpid()}"
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    move(temporary, path)


def write_private(path: Path, data: bytes) -> None:
    """Write a small file that only the owner of its folder may read, so that a reader sees the old content or the new.

    Written by root for a service with a user of its own, it belongs to that user, as the folder does.
    """
    handle, name = tempfile.mkstemp(prefix=".", dir=path.parent)  # readable by its owner only
    try:
        with os.fdopen(handle, "wb") as file:
            if os.geteuid() == 0:
                folder = path.parent.stat()
                os.fchown(file.fileno(), folder.st_uid, folder.st_gid)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        move(Path(name), path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def keep_private(path: Path) -> None:
    """Take from everybody else the rights to a file or a directory of ours; somebody else's stays as it is.

    Raises:
        OSError: it is not there, or its rights cannot be changed.
    """
    found = path.stat()
    if found.st_uid == os.geteuid() and found.st_mode & 0o077:
        path.chmod(stat.S_IMODE(found.st_mode) & 0o700)


def remove_tree(path: Path, *, scratch: Path) -> None:
    """Take a directory away at once: first out of sight in one rename, then file by file."""
    grave = scratch / f"{path.name}.removed.{os.getpid()}"
    move(path, grave)
    shutil.rmtree(grave, ignore_errors=True)  # out of sight is what counts; the next sweep takes the rest


@contextmanager
def locked(path: Path, *, waiting: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold the lock file `path` for the block; `waiting` is called once if somebody else has it.

    The kernel frees the lock when its holder dies. The file itself stays: removing a lock file that another
    process has opened would give two holders.
    """
    with _opened(path) as handle:
        if not take(handle):
            if waiting is not None:
                waiting()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def locked_now(path: Path) -> Iterator[bool]:
    """Hold the lock file `path` for the block if nobody else does; yield whether that is so."""
    with _opened(path) as handle:
        yield take(handle)


def take(handle: int) -> bool:
    """Try to lock an open file or directory; False when another holder has it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        yield handle
    finally:
        os.close(handle)

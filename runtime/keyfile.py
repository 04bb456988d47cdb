"""The key that callers from other machines must show: made at first boot, kept for its owner alone to read."""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from models import durable
from runtime.config.secret import read_secret
from runtime.errors import ConfigError

_BYTES = 32


def ensure_key(state: Path) -> Path:
    """The path of state/keys/api.key, which is made if it is not there yet.

    Raises:
        ConfigError: the state directory cannot be written.
    """
    path = state / "keys" / "api.key"
    try:
        if not path.exists():
            durable.make_dirs(path.parent)
            _write(path, secrets.token_urlsafe(_BYTES))
    except OSError as exc:
        raise ConfigError(
            f"the key cannot be written to {path} ({exc.strerror}); "
            "make the state directory writable, or name a file with a key in server.key_file"
        ) from exc
    read_secret(path)  # a damaged key is said now, not at the first request
    return path


def _write(path: Path, key: str) -> None:
    """Of two processes that start at once, one makes the key and both use it."""
    handle, name = tempfile.mkstemp(dir=path.parent)  # readable by its owner only
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(key + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        # The other process was first: its key holds, and nobody has seen ours.
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(name)
    finally:
        Path(name).unlink()
    durable.sync_file(path.parent)

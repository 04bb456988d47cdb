"""The keys that the owner made for others, beside the one of their own: who holds which, and for what.

A key is 256 random bits, shown once; the file has its SHA-256. That needs no salt and no slow hash, which are for
secrets that can be guessed. The file is read again when it changes, so a key that is removed opens nothing from then
on.
"""

import hashlib
import hmac
import json
import logging
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from models import durable
from runtime.api.scopes import Caller, Scope, Scopes
from runtime.errors import ConfigError, KeyNotFoundError, KeyRefusedError
from runtime.strict_json import parse

_FILE: Final = "keys.json"
_PREFIX: Final = "ingle-"
"""By which people, and programs that look for secrets in the wrong place, know one of ours."""
_BYTES: Final = 32
_MOST: Final = 256
_MOST_BYTES: Final = 1 << 20
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Key:
    """What is kept of a key."""

    name: str
    """Lower-case letters, digits, hyphens and underscores, a letter first: no address looks like that."""
    scopes: Scopes
    sha256: str
    made: str
    """The day, in UTC."""


def file_of(state: Path) -> Path:
    """Where the keys of a state directory are."""
    return state / "keys" / _FILE


def listed(path: Path) -> tuple[Key, ...]:
    """The keys in a file, in the order in which they were made; none if it is not there.

    Raises:
        ConfigError: it cannot be read, or is damaged.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES)
    except FileNotFoundError:
        return ()
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read ({exc.strerror}); make it readable for this user") from exc
    try:
        return tuple(_key(each) for each in parse(data, depth=8)["keys"])
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise ConfigError(
            f"{path} is damaged, so its keys open nothing; delete it, and make them anew with `ingle key add`"
        ) from exc


def add(path: Path, name: str, scopes: Iterable[Scope]) -> str:
    """Make a key, write down its hash, and return it: it is not seen again.

    Raises:
        KeyRefusedError: the name is taken or impossible, or there are too many.
        ConfigError: the file cannot be read or written.
    """
    if not _NAME.fullmatch(name):
        raise KeyRefusedError(
            f"a key cannot be called {name[:64]!r}; use up to 32 of a-z, 0-9, - and _, with a letter first",
            param="name",
        )
    wanted = frozenset(scopes)
    if not wanted:
        raise KeyRefusedError(
            "a key that is good for nothing is no use; name a scope: chat, command or admin", param="scopes"
        )
    _make_folder(path)
    with durable.locked(path.with_name(f"{_FILE}.lock")):
        keys = listed(path)
        if any(each.name == name for each in keys):
            raise KeyRefusedError(
                f"there is a key {name!r}; remove it first, or choose another name", param="name"
            )
        if len(keys) >= _MOST:
            raise KeyRefusedError(
                f"there are {_MOST} keys, and no more are kept; remove one that nobody needs"
            )
        secret = _PREFIX + secrets.token_urlsafe(_BYTES)
        made = datetime.now(tz=UTC).date().isoformat()
        _write(path, (*keys, Key(name, wanted, _digest(secret).hex(), made)))
    return secret


def remove(path: Path, name: str) -> None:
    """Forget a key.

    Raises:
        KeyNotFoundError: there is none of that name.
        ConfigError: the file cannot be read or written.
    """
    _make_folder(path)
    with durable.locked(path.with_name(f"{_FILE}.lock")):
        keys = listed(path)
        left = tuple(each for each in keys if each.name != name)
        if len(left) == len(keys):
            there = ", ".join(each.name for each in keys) or "none"
            raise KeyNotFoundError(
                f"there is no key {name[:64]!r}; `ingle key list` shows those there are: {there}",
                param="name",
            )
        _write(path, left)


@dataclass(frozen=True, slots=True)
class KeyFile:
    """Implements `runtime.api.admin.border.KeyStore`: the keys of a file, for a front end."""

    path: Path

    def listed(self) -> tuple[Key, ...]:
        """See `listed`."""
        return listed(self.path)

    def add(self, name: str, scopes: Iterable[Scope]) -> str:
        """See `add`."""
        return add(self.path, name, scopes)

    def remove(self, name: str) -> None:
        """See `remove`."""
        remove(self.path, name)


class Keyring:
    """All keys that open something: the owner's, and those in the file. On the event loop alone."""

    def __init__(self, owner: str | None = None, path: Path | None = None) -> None:
        """Read the file.

        Raises:
            ConfigError: it is damaged.
        """
        self._owner = None if owner is None else _digest(owner)
        self._path = path
        self._stamp = self._now()
        self._keys = self._read()

    def holder(self, shown: str) -> Caller | None:
        """See `runtime.api.access.Keys.holder`. Every key is looked at, whichever fits."""
        self._refresh()
        given = _digest(shown)
        found = None
        if self._owner is not None and hmac.compare_digest(given, self._owner):
            found = Caller()
        for digest, caller in self._keys:
            if hmac.compare_digest(given, digest):
                found = caller
        return found

    def _refresh(self) -> None:
        stamp = self._now()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._keys = self._read()
        except ConfigError as exc:
            self._keys = ()  # a removed key must not open anything because of a damaged file
            _log.error("%s", exc)
        else:
            _log.info("keys were read again: %d besides the owner's", len(self._keys))

    def _read(self) -> tuple[tuple[bytes, Caller], ...]:
        if self._path is None:
            return ()
        return tuple(
            (bytes.fromhex(each.sha256), Caller(each.name, each.scopes)) for each in listed(self._path)
        )

    def _now(self) -> tuple[int, int, int] | None:
        """What changes when the file does; it is replaced, never written into."""
        if self._path is None:
            return None
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def _key(raw: dict[str, Any]) -> Key:
    """Raises ValueError, TypeError or KeyError where it is not what `_write` wrote."""
    if not _NAME.fullmatch(raw["name"]) or not _DIGEST.fullmatch(raw["sha256"]):
        raise ValueError(raw["name"])
    return Key(raw["name"], frozenset(map(Scope, raw["scopes"])), raw["sha256"], str(raw["made"]))


def _make_folder(path: Path) -> None:
    try:
        durable.make_dirs(path.parent)
    except OSError as exc:
        raise ConfigError(
            f"keys cannot be kept in {path.parent} ({exc.strerror}); run this as the user of the appliance"
        ) from exc


def _write(path: Path, keys: Iterable[Key]) -> None:
    told = [
        {"name": key.name, "scopes": sorted(key.scopes), "sha256": key.sha256, "made": key.made}
        for key in keys
    ]
    durable.write_private(path, (json.dumps({"keys": told}, indent=2) + "\n").encode())

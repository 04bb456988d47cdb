"""TLS for the HTTP listener: the owner's certificate or one that the appliance makes, renews and keeps.

A certificate that is replaced on disk holds from the next connection on. What is damaged changes nothing: the one
before goes on, and the log says why. Knows files and contexts; not sockets.
"""

import asyncio
import ipaddress
import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from models import durable
from runtime import certificate
from runtime.config import Server
from runtime.config.secret import find_secret
from runtime.errors import ConfigError

_DUE_S: Final = 30 * 86400.0
"""A certificate of our own is made anew when so much is left of it."""
_LOOK_S: Final = 3600.0
_EITHER_WAY: Final = (("0.0.0.0", ("192.0.2.1", 9)), ("::", ("2001:db8::1", 9)))  # noqa: S104  compared, not bound
"""Addresses that are for documents alone: which of ours would be used to reach them? Nothing is sent."""
_log: Final = logging.getLogger(__name__)


class Secrecy:
    """The context for new connections, read again when its files change."""

    def __init__(
        self, certificate_file: Path, key_file: Path | None, renew: Callable[[], None] | None = None
    ) -> None:
        """`key_file` None: the key is in the same file. `renew` makes a certificate anew if that is due.

        Raises:
            ConfigError: they cannot be used.
        """
        self._certificate = certificate_file
        self._key = key_file
        self._renew = renew
        self._stamp = self._now()
        self._context = self._load()

    def __call__(self) -> ssl.SSLContext:
        """For the next connection."""
        stamp = self._now()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._context = self._load()
            except ConfigError as exc:
                _log.error("the certificate stays as it was: %s", exc)
            else:
                _log.info("the certificate was read again: SHA-256 %s", self.fingerprint.hex(":").upper())
        return self._context

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the certificate that is shown to callers."""
        return certificate.fingerprint(self._certificate.read_bytes())

    async def keep(self, stop: asyncio.Event) -> None:
        """Renew what is ours in time, until `stop` is set."""
        while self._renew is not None and not stop.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await stop.wait()
            try:
                await asyncio.to_thread(self._renew)
            except (ConfigError, OSError) as exc:
                _log.error("the certificate cannot be renewed: %s", exc)

    def _load(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(self._certificate, self._key, password=_no_password)
        except OSError as exc:  # ssl.SSLError is one
            key = f" and {self._key}" if self._key else ""
            raise ConfigError(
                f"{self._certificate}{key} cannot be used for TLS ({exc.strerror or exc}); "
                "it takes a certificate and its key, in PEM, without a password, readable by this user"
            ) from exc
        return context

    def _now(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(_stamp(each) for each in (self._certificate, self._key) if each is not None)


def own_files(state: Path) -> tuple[Path, Path]:
    """Where a certificate of our own is: with its key, and alone, for those who are to trust it."""
    return state / "tls" / "appliance.pem", state / "tls" / "certificate.pem"


def public_certificate(server: Server, state: Path) -> Path:
    """The file with the certificate that callers are shown."""
    return server.tls_cert_file or own_files(state)[1]


def pinned(server: Server, state: Path) -> bytes | None:
    """SHA-256 of the certificate by which this machine's own programs know the appliance; None without TLS.

    Raises:
        ConfigError: it cannot be read, or is none.
    """
    if not server.tls:
        return None
    path = public_certificate(server, state)
    try:
        return certificate.fingerprint(path.read_bytes())
    except OSError as exc:
        raise ConfigError(
            f"{path} cannot be read ({exc.strerror}); start the appliance once, which makes it, or name its --state"
        ) from exc


def secrecy_of(server: Server, state: Path, environ: Mapping[str, str]) -> Secrecy | None:
    """What the owner wants; None without TLS. A certificate of our own is made if it is not there, or due.

    Raises:
        ConfigError: a certificate or key cannot be used or made.
    """
    if not server.tls:
        if server.tls_cert_file is not None:
            raise ConfigError("server.tls_cert_file is set but TLS is off; set server.tls = true as well")
        return None
    if server.tls_cert_file is not None:
        return Secrecy(server.tls_cert_file, find_secret("tls.key", server.tls_key_file, environ))
    if server.tls_key_file is not None:
        raise ConfigError(
            "server.tls_key_file is set without a certificate; set server.tls_cert_file as well"
        )
    path, _ = own_files(state)
    try:
        ensure_own(server, state)
    except OSError as exc:
        raise ConfigError(
            f"a certificate cannot be written to {path} ({exc.strerror}); make the state directory writable, "
            "or name your own in server.tls_cert_file"
        ) from exc
    return Secrecy(path, None, lambda: ensure_own(server, state))


def ensure_own(server: Server, state: Path) -> None:
    """Have a certificate of our own that is valid and for every name the owner wants; made anew where it is not.

    Raises:
        ConfigError: it cannot be made.
        OSError: it cannot be written.
    """
    path, shown = own_files(state)
    names = frozenset(_names(server))
    if path.exists() and _serves(path.read_bytes(), names):
        return
    durable.make_dirs(path.parent)
    pem = certificate.make(names, _addresses(server))
    durable.write_private(path, pem)  # key and certificate in one: never one of an old pair with one of a new
    durable.write_file(shown, certificate.public(pem).decode("ascii"), scratch=path.parent)
    _log.info("made a certificate of our own: %s", shown)


def _serves(pem: bytes, names: frozenset[str]) -> bool:
    try:
        facts = certificate.read(pem)
    except ConfigError:
        return False
    now = time.time()
    return facts.begins <= now < facts.ends - _DUE_S and names <= facts.names


def _names(server: Server) -> Iterator[str]:
    """What this machine may be called. Addresses come and go, and are no reason for another certificate."""
    own = socket.gethostname().lower()
    for name in ("localhost", own, f"{own.partition('.')[0]}.local", *server.allowed_hosts, server.host):
        written = name.lower().rstrip(".")
        if certificate.can_name(written) and not _is_address(written):
            yield written


def _addresses(server: Server) -> Iterator[str]:
    yield from ("127.0.0.1", "::1")
    for wildcard, somewhere in _EITHER_WAY:
        if server.host == wildcard or (server.host == "::" and wildcard == "0.0.0.0"):  # noqa: S104  compared
            family = socket.AF_INET6 if ":" in wildcard else socket.AF_INET
            with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect(somewhere)
                yield str(probe.getsockname()[0])
    for name in (*server.allowed_hosts, server.host):
        if _is_address(name) and not ipaddress.ip_address(name).is_unspecified:
            yield name


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _no_password() -> str:
    """A key with a password is an error; openssl would ask for it at the terminal."""
    return ""

"""Where the HTTP listener binds, who may come in there, and what is said when it cannot."""

import errno
import ipaddress
import socket
from collections.abc import Mapping
from pathlib import Path

from aiohttp import web

from runtime.api.access import Access
from runtime.api.door import Door, DoorSite, Secrecy
from runtime.config import Server
from runtime.config.secret import find_secret, read_secret
from runtime.errors import ConfigError, IngleError
from runtime.keyfile import ensure_key
from runtime.keyring import Keyring, file_of


class ListenError(IngleError):
    """The listener cannot be bound."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address. A name other than localhost counts as reachable."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def address(host: str, port: int, *, tls: bool = False) -> str:
    """The URL by which this machine reaches what listens there."""
    near = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  compared, not bound
    return f"{'https' if tls else 'http'}://{f'[{near}]' if ':' in near else near}:{port}"


def find_key(server: Server, state: Path, environ: Mapping[str, str]) -> Path | None:
    """The file with the owner's key, which callers must show; None where none is asked for, on loopback.

    Raises:
        ConfigError: beyond loopback, and the key can be neither read nor made.
    """
    if (path := find_secret("api.key", server.key_file, environ)) is not None:
        return path
    return ensure_key(state) if server.require_key or not is_loopback(server.host) else None


def access(server: Server, key: Path | None, state: Path) -> Access:
    """Who may call: with the owner's `key`, if there is one, and with those made since.

    Raises:
        ConfigError: a key cannot be read, or is not ASCII as a header needs it.
    """
    own = socket.gethostname().lower()
    names = {*server.allowed_hosts, own, f"{own.partition('.')[0]}.local", server.host}
    hosts = frozenset(name.lower().rstrip(".") for name in names)
    if key is None:
        return Access(hosts, Keyring(path=file_of(state)))
    secret = read_secret(key)
    if not secret.isascii() or secret != secret.strip():
        raise ConfigError(f"the key in {key} must be ASCII without spaces around it; write another")
    return Access(hosts, Keyring(secret, file_of(state)), asked=True)


async def listen(runner: web.AppRunner, door: Door, server: Server, secrecy: Secrecy | None = None) -> int:
    """Bind, and return the port. All connections come in through `door`, in TLS with `secrecy`.

    Raises:
        ListenError: the port is taken or may not be used, or the address is not ours.
    """
    try:
        await DoorSite(runner, door, server.host, server.port, secrecy=secrecy).start()
    except OSError as exc:
        raise ListenError(_sentence(exc, server)) from exc
    return int(runner.addresses[0][1])


def _sentence(exc: OSError, server: Server) -> str:
    match exc.errno:
        case errno.EADDRINUSE:
            return (
                f"port {server.port} on {server.host} is in use; stop the other program, "
                "or choose another port with --port or server.port"
            )
        case errno.EACCES:
            return f"port {server.port} needs privileges; choose one above 1023 with --port or server.port"
        case _:
            return f"cannot listen on {server.host} ({exc.strerror or exc}); correct --host or server.host"

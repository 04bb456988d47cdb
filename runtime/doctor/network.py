"""Ports and the broker: whether we could listen and whether we could connect. Waits at most a few seconds."""

import contextlib
import errno
import http.client
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from runtime.config import Broker, Config
from runtime.doctor.finding import Finding

_TIMEOUT_S: Final = 2.0
_LOOPBACK: Final = "127.0.0.1"


def examine(config: Config) -> Iterator[Finding]:
    """Every finding about the network."""
    yield http_port(config.server.host, config.server.port, tls=config.server.tls)
    if config.mqtt.broker is not None:
        yield broker(Broker.parse(config.mqtt.broker), config.mqtt.ca_file)
    elif config.mqtt.embedded:
        yield embedded_port(config.mqtt.embedded_port)
    else:
        yield Finding("ok", "mqtt", "switched off: no broker is named and none of our own is wanted")


def http_port(host: str, port: int, *, tls: bool = False) -> Finding:
    """Whether the listener's port is free, or taken by this appliance already."""
    subject = f"port {port}"
    problem = _cannot_listen(host, port)
    if problem is None:
        return Finding("ok", subject, f"free on {host}")
    if problem.errno == errno.EADDRINUSE and _is_inglenook(host, port, tls=tls):
        return Finding("ok", subject, f"inglenook answers on {host}")
    if problem.errno == errno.EADDRINUSE:
        return Finding(
            "fail", subject, f"taken on {host}", "stop the other program, or choose another server.port"
        )
    return Finding(
        "fail", subject, f"cannot listen on {host}: {problem.strerror}", "correct server.host or server.port"
    )


def broker(address: Broker, ca_file: Path | None = None) -> Finding:
    """Whether somebody listens at the configured address, in TLS if that is asked for. The login is not tried."""
    try:
        with socket.create_connection((address.host, address.port), timeout=_TIMEOUT_S) as connection:
            if address.tls:
                return _tls(address, connection, ca_file)
    except OSError as exc:
        reason = exc.strerror or str(exc)
        return Finding(
            "fail", "mqtt broker", f"{address}: {reason}", "start the broker, or correct mqtt.broker"
        )
    return Finding("ok", "mqtt broker", f"{address} accepts connections (the login is not tried)")


def _tls(address: Broker, connection: socket.socket, ca_file: Path | None) -> Finding:
    try:
        trust = ssl.create_default_context(cafile=ca_file)
    except OSError as exc:
        return Finding(
            "fail", "mqtt broker", f"{ca_file} holds no certificates: {exc}", "correct mqtt.ca_file"
        )
    try:
        trust.wrap_socket(connection, server_hostname=address.host).close()
    except ssl.SSLCertVerificationError as exc:
        advice = "put the authority of its certificate into mqtt.ca_file, and the name in it into mqtt.broker"
        return Finding("fail", "mqtt broker", f"{address}: {exc.verify_message}", advice)
    except OSError:  # with a plain broker: silence, an end, or an answer that is no TLS
        advice = "name the port it has for TLS; to a plain port goes mqtt://"
        return Finding("fail", "mqtt broker", f"{address}: there is no TLS at that port", advice)
    return Finding("ok", "mqtt broker", f"{address} accepts connections in TLS (the login is not tried)")


def embedded_port(port: int) -> Finding:
    """Whether our own broker could listen."""
    subject = f"port {port}"
    problem = _cannot_listen(_LOOPBACK, port)
    if problem is None:
        return Finding("ok", subject, "free for the MQTT broker of our own")
    if problem.errno == errno.EADDRINUSE:
        return Finding(
            "warn",
            subject,
            "taken: by this appliance if it runs, or by another broker",
            f'if it is another broker, set mqtt.broker = "mqtt://{_LOOPBACK}:{port}"',
        )
    return Finding("warn", subject, f"cannot listen: {problem.strerror}", "choose another mqtt.embedded_port")


def _cannot_listen(host: str, port: int) -> OSError | None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as exc:
        return exc
    return None


def _is_inglenook(host: str, port: int, *, tls: bool) -> bool:
    """Whether the server there calls itself ours. A wildcard address is asked on loopback."""
    target = {"0.0.0.0": _LOOPBACK, "::": "::1"}.get(host, host)  # noqa: S104  compared, not bound
    connection = http.client.HTTPConnection(target, port, timeout=_TIMEOUT_S)
    if tls:  # whose certificate it is does not matter for what is asked
        anyone = ssl.create_default_context()
        anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection(target, port, timeout=_TIMEOUT_S, context=anyone)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/health")
        return connection.getresponse().getheader("Server") == "inglenook"
    return False

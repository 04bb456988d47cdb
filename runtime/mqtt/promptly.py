"""A broker's connection without TCP's waits. Knows sockets, no MQTT.

Two algorithms cost 40 ms a message together: one holds a small packet back until the last is acknowledged (RFC 896,
Nagle; mosquitto has it on unless `set_tcp_nodelay` is true), the other acknowledges late (RFC 1122, section 4.2.3.2).
"""

import contextlib
import socket
from typing import Final

# Linux alone has it.
_QUICK_ACK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)


def send_at_once(connection: object) -> None:
    """Never hold back what we send, for as long as the connection lasts; nothing where it is no socket."""
    if isinstance(connection, socket.socket):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def acknowledge_at_once(connection: object) -> None:
    """Acknowledge what has come, so that the broker sends what it holds back. Good for once: the kernel falls back."""
    if _QUICK_ACK is not None and isinstance(connection, socket.socket):
        with contextlib.suppress(OSError):  # it is closed meanwhile: who reads next is told so
            connection.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)

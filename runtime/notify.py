"""Telling systemd how the service is doing: sd_notify(3) in datagrams, and its watchdog.

Knows the protocol; without $NOTIFY_SOCKET every call does nothing: from a shell the appliance runs the same.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Notifier:
    """The socket systemd listens on, and how often it wants to hear from us."""

    address: str | None = None
    """A path, or an abstract name that begins with @."""
    watchdog_s: float | None = None
    """Seconds of silence after which systemd restarts the service; None without a watchdog."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """As systemd set $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID (a watchdog may be another's)."""
        address = environ.get("NOTIFY_SOCKET")
        usec = environ.get("WATCHDOG_USEC", "")
        ours = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        watchdog = int(usec) / 1e6 if address and ours and usec.isdecimal() and int(usec) else None
        return cls(address or None, watchdog)

    def ready(self) -> None:
        """Start-up is complete."""
        self._send("READY=1")

    def stopping(self) -> None:
        """The service is shutting down."""
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """One line that `systemctl status` shows."""
        self._send(f"STATUS={' '.join(text.split())}")

    async def watch(self) -> None:
        """Tell the watchdog at half its interval that the event loop turns; without one return at once."""
        while self.watchdog_s is not None:
            self._send("WATCHDOG=1")
            await asyncio.sleep(self.watchdog_s / 2)

    def _send(self, message: str) -> None:
        if self.address is None:
            return
        address = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        with contextlib.closing(
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        ) as peer:
            try:
                peer.sendto(message.encode(), socket.MSG_DONTWAIT, address)
            except OSError as exc:  # a supervisor that is gone must not take the service with it
                _log.warning("cannot notify the service manager at %s: %s", self.address, exc)

"""A host that says exactly what a test wants said, message by message, over a socket or pipes."""

import os
import random
import select
import socket
import time
from collections.abc import Callable
from typing import Final, Self

from firmware_bridge.link.events import Delivered, Down, Up
from firmware_bridge.link.host import HostLink
from firmware_bridge.messages import Event, Log, Message, decode, encode

_PATIENCE_S: Final = 20.0
_TICK_S: Final = 0.002


def unspoiled(data: bytes) -> bytes:
    return data


class Talk:
    """A link to a board, and what came of it. `spoil` makes of bytes what a line makes of them, both ways."""

    def __init__(
        self, ends: tuple[int, int], *, host: int = 1, spoil: Callable[[bytes], bytes] = unspoiled
    ) -> None:
        self._read, self._write = ends
        self._spoil = spoil
        names = random.Random()
        self._link = HostLink(host, lambda: names.getrandbits(32))
        self.boots: list[int] = []
        self.hosts: list[int] = []
        self.downs: list[Down] = []
        self.told: list[Message] = []
        self.answers: list[Message] = []

    @classmethod
    def over(cls, port: int, *, host: int = 1) -> "TcpTalk":
        """A link over a port of this machine."""
        return TcpTalk(port, host=host)

    def turn(self, until: Callable[[], bool]) -> None:
        """Have the link do its work until something holds."""
        deadline = time.monotonic() + _PATIENCE_S
        while not until():
            assert time.monotonic() < deadline, f"waited in vain; links ended with {self.downs}"
            ready, _, _ = select.select([self._read], [], [], _TICK_S)
            self._step(self._spoil(os.read(self._read, 4096)) if ready else b"")

    def begin(self) -> Self:
        """Until the link is up."""
        self.turn(lambda: self._link.is_up)
        return self

    def send(self, message: Message) -> None:
        """Say it; the answer comes into `answers`."""
        self.send_payload(encode(message))

    def send_payload(self, payload: bytes) -> None:
        """Say what may be no message."""
        self._link.send(payload)

    def ask(self, message: Message) -> Message:
        """Say it, and wait for the answer."""
        self.send(message)
        self.until_answered(len(self.answers) + 1)
        return self.answers[-1]

    def until_answered(self, total: int) -> None:
        """Until so many answers have come in all."""
        self.turn(lambda: len(self.answers) == total)

    def until_boot(self, total: int) -> None:
        """Until so many links have begun."""
        self.turn(lambda: len(self.boots) == total)

    def _step(self, data: bytes) -> None:
        step = self._link.step(time.monotonic(), data)
        for event in step.events:
            match event:
                case Up(boot, _, hosts):
                    self.boots.append(boot)
                    self.hosts.append(hosts)
                case Down():
                    self.downs.append(event)
                case Delivered(payload):
                    message = decode(payload)
                    (self.told if isinstance(message, (Event, Log)) else self.answers).append(message)
        if step.output:
            os.write(self._write, self._spoil(step.output))


class TcpTalk(Talk):
    """Over a socket, which it owns."""

    def __init__(self, port: int, *, host: int = 1) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__((self._socket.fileno(), self._socket.fileno()), host=host)

    def __enter__(self) -> Self:
        return self.begin()

    def __exit__(self, *_: object) -> None:
        self._socket.close()

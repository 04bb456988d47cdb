"""A link that is up, the same at both ends: delivery, heartbeat, and how long the other side was silent."""

from collections.abc import Iterator
from typing import Final

from firmware_bridge.framing import Frame
from firmware_bridge.link.arq import Arq
from firmware_bridge.link.events import Reason

_SILENCE_S: Final = 3.0
"""After so long a link is down, where the board has no `dead_ms`."""


def silence_s(dead_ms: int) -> float:
    """After how long without a word a link is down."""
    return dead_ms / 1000 if dead_ms else _SILENCE_S


class Established:
    """One link. `mtu` in bytes, `window` the other side's, `dead_ms` the board's."""

    def __init__(self, mtu: int, window: int, dead_ms: int, now: float) -> None:
        self.mtu = mtu
        self._arq = Arq(window)
        self._silence_s = silence_s(dead_ms)
        self._heartbeat_s = self._silence_s / 3
        self._heard_at = self._sent_at = now

    @property
    def ack(self) -> int:
        """The number of the frame that is expected next."""
        return self._arq.expected

    @property
    def unacknowledged(self) -> int:
        """How many payloads the other side has not acknowledged."""
        return self._arq.unacknowledged

    @property
    def due(self) -> float:
        """When something is to be sent, or to be noticed, at the latest."""
        return min(self._beat_at, self._silent_at, *(() if self._arq.due is None else (self._arq.due,)))

    @property
    def _beat_at(self) -> float:
        return self._sent_at + self._heartbeat_s

    @property
    def _silent_at(self) -> float:
        return self._heard_at + self._silence_s

    def could_be(self, ack: int) -> bool:
        """Whether the other side may expect that number now."""
        return self._arq.could_be(ack)

    def send(self, payload: bytes) -> None:
        """Put a payload last in the queue."""
        self._arq.send(payload)

    def receive(self, frame: Frame, now: float) -> bytes | None:
        """Take a DATA or ACK frame; the payload, if it is the one whose turn it is."""
        self._heard_at = now
        return self._arq.receive(frame, now)

    def failure(self, now: float) -> Reason | None:
        """Why the link is down; None if it is not."""
        if self._arq.failed:
            return Reason.NOT_ACKNOWLEDGED
        return Reason.SILENT if now >= self._silent_at else None

    def transmit(self, now: float) -> Iterator[Frame]:
        """What is to be sent now."""
        for frame in self._arq.transmit(now):
            self._sent_at = now
            yield frame
        if now >= self._beat_at:
            self._sent_at = now
            yield self._arq.ack()

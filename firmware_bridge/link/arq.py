"""Delivery in order and once, by go-back-N. Knows frames of a link that is up, and nothing of how it came to be.

docs/firmware-protocol.md, section 2, "Delivery". Time is in seconds on any clock that does not go back.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from firmware_bridge.framing import Frame, Kind
from firmware_bridge.link.rtt import RoundTrip

REPETITIONS: Final = 8
"""So often the same is sent again without news before the link is taken for down."""


@dataclass(slots=True)
class _OnTheWay:
    payload: bytes
    sent_at: float
    again: bool = False


class Arq:
    """Both directions of one link, as one side sees them."""

    def __init__(self, window: int) -> None:
        """`window`: how many frames the other side takes before it has acknowledged one."""
        self._window = window
        self._waiting: deque[bytes] = deque()
        self._on_the_way: deque[_OnTheWay] = deque()
        self._first = 0  # the number of the first on the way
        self._expected = 0
        self._owes_ack = False
        self._round_trip = RoundTrip()
        self._waits_since = 0.0
        self._repetitions = 0

    @property
    def expected(self) -> int:
        """The number of the frame that is expected next: what an `ack` says."""
        return self._expected

    @property
    def failed(self) -> bool:
        """Whether it was sent again as often as is sensible."""
        return self._repetitions > REPETITIONS

    @property
    def unacknowledged(self) -> int:
        """How many payloads are waiting or on the way."""
        return len(self._waiting) + len(self._on_the_way)

    @property
    def due(self) -> float | None:
        """When `transmit` has something to do although nothing came; None for never."""
        return self._waits_since + self._round_trip.timeout_s if self._on_the_way else None

    def send(self, payload: bytes) -> None:
        """Put a payload last in the queue."""
        self._waiting.append(payload)

    def could_be(self, ack: int) -> bool:
        """Whether the other side may expect that number now."""
        return self._distance(ack) <= len(self._on_the_way)

    def receive(self, frame: Frame, now: float) -> bytes | None:
        """Take a DATA or ACK frame; the payload, if it is the one whose turn it is."""
        self._acknowledge(frame.ack, now)
        if frame.kind is not Kind.DATA:
            return None
        self._owes_ack = True
        if frame.seq != self._expected:
            return None
        self._expected = (self._expected + 1) % 256
        return frame.payload

    def transmit(self, now: float) -> Iterator[Frame]:
        """What is to be sent now: all that is on the way again if its time is over, what is new, or at least an ACK."""
        if self.due is not None and now >= self.due:
            yield from self._again(now)
        while self._waiting and len(self._on_the_way) < self._window:
            if not self._on_the_way:
                self._waits_since = now
            self._on_the_way.append(_OnTheWay(self._waiting.popleft(), now))
            yield self._frame(len(self._on_the_way) - 1)
        if self._owes_ack:
            yield self.ack()

    def ack(self) -> Frame:
        """Says what is expected, and that somebody is there."""
        self._owes_ack = False
        return Frame(Kind.ACK, ack=self._expected)

    def _again(self, now: float) -> Iterator[Frame]:
        self._repetitions += 1
        self._round_trip.timed_out()
        self._waits_since = now
        for position, each in enumerate(self._on_the_way):
            each.again = True
            yield self._frame(position)

    def _frame(self, position: int) -> Frame:
        self._owes_ack = False
        seq = (self._first + position) % 256
        return Frame(Kind.DATA, seq, self._expected, self._on_the_way[position].payload)

    def _distance(self, ack: int) -> int:
        return (ack - self._first) % 256

    def _acknowledge(self, ack: int, now: float) -> None:
        news = self._distance(ack)
        if not 0 < news <= len(self._on_the_way):
            return
        for _ in range(news):
            last = self._on_the_way.popleft()
        if not last.again:
            self._round_trip.sample(now - last.sent_at)
        self._first = ack
        self._repetitions = 0
        self._waits_since = now

"""The board's end of a link, as the C library has it: answers, talks, and knows when nobody is there any more.

docs/firmware-protocol.md, section 2. No I/O and no clock: time is given, in seconds, and never goes back.
"""

from firmware_bridge.errors import NotConnectedError, ProtocolError
from firmware_bridge.framing import Dropped, Frame, Kind, Unframer, encode
from firmware_bridge.link.established import Established
from firmware_bridge.link.events import Dead, Delivered, Down, Event, Reason, Rst, Step, Up
from firmware_bridge.link.greeting import Syn, SynAck, read_syn


class BoardLink:
    """One board's line, from one start of the board to the next."""

    def __init__(self, boot: int, *, mtu: int = 240, window: int = 8, dead_ms: int = 3000) -> None:
        """`boot`: another one after each start; `dead_ms`: 0 for never."""
        self._boot, self._mtu, self._window, self._dead_ms = boot, mtu, window, dead_ms
        self._unframer = Unframer(mtu)
        self._talk: Established | None = None
        self._link = 0
        self._host: int | None = None
        self._hosts = 0
        self._heard_at = 0.0
        self._safe = True  # a board begins with its safe values
        self._events: list[Event] = []
        self._output = bytearray()
        self._say(Kind.RST, bytes((Rst.NO_LINK,)))

    @property
    def dropped(self) -> Dropped:
        """What came that was no frame."""
        return self._unframer.dropped

    @property
    def is_up(self) -> bool:
        """Whether something can be sent."""
        return self._talk is not None

    @property
    def unacknowledged(self) -> int:
        """How many payloads the host has not acknowledged."""
        return self._talk.unacknowledged if self._talk else 0

    @property
    def mtu(self) -> int:
        """How many bytes a payload may have."""
        return self._talk.mtu if self._talk else self._mtu

    def send(self, payload: bytes) -> None:
        """Have a payload delivered; it goes out with the next step.

        Raises:
            NotConnectedError: the link is not up.
            ValueError: it is longer than the host takes.
        """
        if self._talk is None:
            raise NotConnectedError("no host has begun a link")
        if len(payload) > self._talk.mtu:
            raise ValueError(f"the host takes messages of {self._talk.mtu} bytes, not {len(payload)}")
        self._talk.send(payload)

    def step(self, now: float, data: bytes = b"") -> Step:
        """Take what came, do what is due."""
        for frame in self._unframer.feed(data):
            self._take(frame, now)
        if self._talk and (reason := self._talk.failure(now)):
            self._end(reason)
        if self._dead_at is not None and now >= self._dead_at:
            self._safe = True
            self._events.append(Dead())
        if self._talk:
            for frame in self._talk.transmit(now):
                self._output += encode(frame)
        events, self._events = tuple(self._events), []
        output, self._output = bytes(self._output), bytearray()
        times = (self._dead_at, self._talk.due if self._talk else None)
        return Step(events, output, min((each for each in times if each is not None), default=None))

    @property
    def _dead_at(self) -> float | None:
        return None if self._safe or not self._dead_ms else self._heard_at + self._dead_ms / 1000

    def _take(self, frame: Frame, now: float) -> None:
        match frame.kind:
            case Kind.SYN:
                self._asked(frame, now)
            case Kind.RST if self._talk:
                self._end(Reason.LEFT)
            case Kind.DATA | Kind.ACK:
                self._talked(frame, now)

    def _asked(self, frame: Frame, now: float) -> None:
        try:
            syn = read_syn(frame.payload)
        except ProtocolError:
            self._say(Kind.RST, bytes((Rst.PROTOCOL,)))
            if self._talk:
                self._end(Reason.PROTOCOL)
            return
        if self._talk is None or syn.link != self._link:
            self._begin(syn, now)
        greeting = SynAck(self._link, self._boot, self._mtu, self._window, self._dead_ms, self._hosts)
        self._say(Kind.SYN_ACK, greeting.encode(), ack=self._talk.ack if self._talk else 0)

    def _begin(self, syn: Syn, now: float) -> None:
        if self._talk:
            self._end(Reason.REPLACED)
        mtu = min(syn.mtu, self._mtu)
        self._link = syn.link
        if syn.host != self._host:
            self._host = syn.host
            self._hosts += 1
        self._talk = Established(mtu, syn.window, self._dead_ms, now)
        self._heard(now)
        self._events.append(Up(syn.host, mtu, self._hosts))

    def _talked(self, frame: Frame, now: float) -> None:
        if self._talk is None:
            self._say(Kind.RST, bytes((Rst.NO_LINK,)))
        elif len(frame.payload) > self._talk.mtu:
            self._say(Kind.RST, bytes((Rst.PROTOCOL,)))
            self._end(Reason.PROTOCOL)
        else:
            self._heard(now)
            if (payload := self._talk.receive(frame, now)) is not None:
                self._events.append(Delivered(payload))

    def _heard(self, now: float) -> None:
        self._heard_at, self._safe = now, False

    def _end(self, reason: Reason) -> None:
        self._talk = None
        self._events.append(Down(reason))

    def _say(self, kind: Kind, payload: bytes, ack: int = 0) -> None:
        self._output += encode(Frame(kind, ack=ack, payload=payload))

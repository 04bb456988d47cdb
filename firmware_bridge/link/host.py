"""The host's end of a link: asks until a board answers, talks, and begins anew when the link is down.

docs/firmware-protocol.md, section 2. No I/O and no clock: time is given, in seconds, and never goes back.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import Final

from firmware_bridge.errors import NotConnectedError, ProtocolError, VersionError
from firmware_bridge.framing import Dropped, Frame, Kind, Unframer, encode
from firmware_bridge.link.established import Established
from firmware_bridge.link.events import Delivered, Down, Event, Reason, Rst, Step, Up
from firmware_bridge.link.greeting import Syn, SynAck, read_syn_ack

_PATIENT_S: Final = 0.25
"""Between two SYNs."""
_TRIES: Final = 10
"""So many without an answer are a link that is down; then they go out more slowly."""
_SLOW_S: Final = 1.0


class _State(Enum):
    ASKING = auto()
    UP = auto()
    CLOSED = auto()


class HostLink:
    """One line to one board. Each link on it has a name of its own."""

    def __init__(self, host: int, names: Callable[[], int]) -> None:
        """`host`: drawn anew whenever requests are counted from 1, 32 bits; `names`: gives random ones of 32 bits."""
        self._host = host
        self._names = names
        self._unframer = Unframer()
        self._state = _State.ASKING
        self._link = names()
        self._greeting: SynAck | None = None
        self._talk: Established | None = None
        self._asked = 0
        self._asked_at = self._ask_at = float("-inf")
        self._events: list[Event] = []
        self._output = bytearray()

    @property
    def dropped(self) -> Dropped:
        """What came that was no frame."""
        return self._unframer.dropped

    @property
    def unacknowledged(self) -> int:
        """How many payloads the board has not acknowledged."""
        return self._talk.unacknowledged if self._talk else 0

    @property
    def is_up(self) -> bool:
        """Whether something can be sent."""
        return self._talk is not None

    @property
    def peer(self) -> int | None:
        """The board's `boot`, while the link is up."""
        return self._greeting.boot if self._greeting else None

    def send(self, payload: bytes) -> None:
        """Have a payload delivered; it goes out with the next step.

        Raises:
            NotConnectedError: the link is not up.
            ValueError: it is longer than the board takes.
        """
        if self._talk is None:
            raise NotConnectedError("there is no link to the board; wait until it is up again")
        if len(payload) > self._talk.mtu:
            raise ValueError(f"the board takes messages of {self._talk.mtu} bytes, not {len(payload)}")
        self._talk.send(payload)

    def close(self) -> bytes:
        """Leave; what to send as the last."""
        if self._state is _State.UP:
            self._end(Reason.CLOSED, say=Rst.LEAVING)
        self._state = _State.CLOSED
        output, self._output = bytes(self._output), bytearray()
        return output

    def step(self, now: float, data: bytes = b"") -> Step:
        """Take what came, do what is due."""
        for frame in self._unframer.feed(data):
            self._take(frame, now)
        if self._talk and (reason := self._talk.failure(now)):
            self._begin_anew(reason, now)
        if self._state is _State.ASKING and now >= self._ask_at:
            self._ask(now)
        if self._talk:
            for frame in self._talk.transmit(now):
                self._output += encode(frame)
        events, self._events = tuple(self._events), []
        output, self._output = bytes(self._output), bytearray()
        return Step(events, output, self._due())

    def _due(self) -> float | None:
        if self._talk:
            return self._talk.due
        return None if self._state is _State.CLOSED else self._ask_at

    def _ask(self, now: float) -> None:
        if self._asked == _TRIES:
            self._events.append(Down(Reason.NO_ANSWER))
        self._asked += 1
        self._asked_at = now
        self._ask_at = now + (_PATIENT_S if self._asked < _TRIES else _SLOW_S)
        self._output += encode(Frame(Kind.SYN, payload=Syn(self._link, self._host).encode()))

    def _take(self, frame: Frame, now: float) -> None:
        match self._state, frame.kind:
            case ((_State.ASKING | _State.UP), Kind.SYN_ACK):
                self._greeted(frame, now)
            case _State.UP, Kind.RST:
                left = frame.payload == bytes((Rst.LEAVING,))
                broken = frame.payload == bytes((Rst.PROTOCOL,))
                reason = Reason.LEFT if left else Reason.PROTOCOL if broken else Reason.RESET
                self._begin_anew(reason, now)
            case _State.ASKING, Kind.RST if frame.payload == bytes((Rst.PROTOCOL,)) and self._asked:
                self._ask_at = max(self._ask_at, now + _SLOW_S)
            case _State.UP, (Kind.DATA | Kind.ACK):
                self._talked(frame, now)

    def _talked(self, frame: Frame, now: float) -> None:
        if self._talk is None:
            return
        if len(frame.payload) > self._talk.mtu:
            self._begin_anew(Reason.PROTOCOL, now, say=Rst.PROTOCOL)
        elif (payload := self._talk.receive(frame, now)) is not None:
            self._events.append(Delivered(payload))

    def _greeted(self, frame: Frame, now: float) -> None:
        try:
            greeting = read_syn_ack(frame.payload, self._link)
        except VersionError as exc:
            self._end(Reason.VERSION, str(exc), say=Rst.PROTOCOL)
            self._state = _State.CLOSED
            return
        except ProtocolError as exc:
            self._begin_anew(Reason.PROTOCOL, now, str(exc), say=Rst.PROTOCOL)
            self._ask_at = now + _SLOW_S
            return
        if greeting is None:
            return
        if self._talk is None:
            self._greeting = greeting
            self._state = _State.UP
            mtu = min(greeting.mtu, Syn(0, 0).mtu)
            self._talk = Established(mtu, greeting.window, greeting.dead_ms, now)
            self._events.append(Up(greeting.boot, mtu, greeting.hosts))
        elif greeting != self._greeting or not self._talk.could_be(frame.ack):
            self._begin_anew(Reason.RESET, now)

    def _begin_anew(self, reason: Reason, now: float, detail: str = "", say: Rst | None = None) -> None:
        self._end(reason, detail, say)
        self._state = _State.ASKING
        self._link = self._names()
        self._asked = 0
        self._ask_at = max(now, self._asked_at + _PATIENT_S)

    def _end(self, reason: Reason, detail: str = "", say: Rst | None = None) -> None:
        self._talk = self._greeting = None
        self._events.append(Down(reason, detail))
        if say is not None:
            self._output += encode(Frame(Kind.RST, payload=bytes((say,))))

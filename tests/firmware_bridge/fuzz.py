"""A target for atheris: whatever comes over a line, no parser raises anything but what it says, and no end is lost.

`python -m tests.firmware_bridge.fuzz -max_total_time=60` runs it by hand.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import atheris

with atheris.instrument_imports(include=["firmware_bridge", "cobs"]):
    from firmware_bridge.description import read, write
    from firmware_bridge.errors import MessageError, NonsenseError, ProtocolError
    from firmware_bridge.framing import Frame, Kind, Unframer, encode
    from firmware_bridge.link.board import BoardLink
    from firmware_bridge.link.greeting import Syn, SynAck, read_syn, read_syn_ack
    from firmware_bridge.link.host import HostLink
    from firmware_bridge.messages import Description, decode, number_of
    from firmware_bridge.messages import encode as say
    from firmware_bridge.simulator import SimulatedBoard

_LONGEST_LINE: Final = 247


def frames(data: bytes) -> None:
    """In whatever pieces, the same frames; little is held."""
    whole, piecewise = Unframer(), Unframer()
    found = whole.feed(data)
    assert found == [each for byte in data for each in piecewise.feed(bytes((byte,)))]
    assert len(whole._begun) <= _LONGEST_LINE
    assert [each for frame in found for each in Unframer().feed(encode(frame))] == found


def messages(data: bytes) -> None:
    """A message says again what it was read from, but for what a later version added."""
    number_of(data)
    with suppress(MessageError):
        message = decode(data)
        assert decode(say(message)) == message
        if isinstance(message, Description):
            with suppress(NonsenseError):
                assert read(0, write(read(0, message.description))) == read(0, message.description)


def greetings(data: bytes) -> None:
    """Read, or refused by name."""
    for reads in (read_syn, lambda payload: read_syn_ack(payload, 0)):
        with suppress(ProtocolError):
            reads(data)


def board(data: bytes) -> None:
    """A board on a link takes whatever is said to it, and answers a new link afterwards."""
    simulated = SimulatedBoard()
    simulated.step(0.0, encode(Frame(Kind.SYN, payload=Syn(1, 2).encode())))
    for number, payload in enumerate(data.split(b"\xff")):
        simulated.step(0.1, encode(Frame(Kind.DATA, number % 256, payload=payload[:128])) + payload)
    output, _ = simulated.step(0.2, b"\0" + encode(Frame(Kind.SYN, payload=Syn(9, 2).encode())))
    assert Kind.SYN_ACK in {frame.kind for frame in Unframer().feed(output)}


def host(data: bytes) -> None:
    """A host takes whatever a board says, and links to a sound one afterwards."""
    link = HostLink(2, lambda: 1)
    link.step(0.0)
    link.step(0.1, encode(Frame(Kind.SYN_ACK, payload=SynAck(1, 1, 128, 4, 900).encode())) + data)
    link.step(10.0)
    if link.step(20.0).due is not None:
        link.step(30.0, b"\0" + encode(Frame(Kind.SYN_ACK, payload=SynAck(1, 5, 128, 4, 900).encode())))
        assert link.is_up
    assert BoardLink(1).step(0.0, data).output is not None


TARGETS: Final[tuple[Callable[[bytes], None], ...]] = (frames, messages, greetings, board, host)


def one(data: bytes) -> None:
    """The first byte chooses the target."""
    if data:
        TARGETS[data[0] % len(TARGETS)](data[1:])


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()

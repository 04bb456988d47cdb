"""Writes firmware_bridge/vectors.json, what both sides are held to: `python -m tests.firmware_bridge.make_vectors`.

`frames`: a frame's parts and its bytes on the line. `garbage`: bytes on a line, the frames that are in them, and how
many stretches are dropped. `messages`: the payload of a message, and its items. `no_messages`: payloads that are none.
"""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import cbor2
from cobs import cobs

from firmware_bridge import description
from firmware_bridge.framing import Frame, Kind, Unframer, crc16, encode
from firmware_bridge.link.greeting import Syn, SynAck
from firmware_bridge.messages import (
    About,
    Describe,
    Description,
    Done,
    Error,
    Event,
    Get,
    Hello,
    Is,
    Log,
    Message,
    Reboot,
    Set,
    Time,
)
from firmware_bridge.messages import encode as write
from firmware_bridge.simulator import SAMPLE

FRAMES = (
    Frame(Kind.SYN, payload=Syn(0x01020304, 0xFFFFFFFF).encode()),
    Frame(Kind.SYN, payload=Syn(0, 0, mtu=48, window=1).encode()),
    Frame(Kind.SYN_ACK, ack=3, payload=SynAck(0x01020304, 7, 96, 8, 3000, hosts=2).encode()),
    Frame(Kind.SYN_ACK, payload=SynAck(23, 24, 48, 1, 0).encode()),
    Frame(Kind.DATA, 0, 0, write(Hello(1))),
    Frame(Kind.DATA, 255, 128, b""),
    Frame(Kind.DATA, 1, 2, bytes(64)),
    Frame(Kind.DATA, 1, 2, bytes(range(240))),
    Frame(Kind.DATA, 9, 9, b"\xff" * 240),
    Frame(Kind.ACK, ack=255),
    Frame(Kind.ACK),
    Frame(Kind.RST, payload=b"\x01"),
)
MESSAGES: tuple[Message, ...] = (
    Hello(1), Hello(65535), About(24, "simulated", "1.0.0", "0001", 6), About(1, "台灯", "", "", 0), Describe(2, 0),
    *(Description(3, each.index, description.write(each)) for each in SAMPLE),
    Set(256, 0, 30), Set(257, 1, True), Set(258, 1, False), Set(259, 5, None), Set(1, 3, -400), Set(1, 0, -(1 << 31)),
    Set(1, 0, (1 << 31) - 1), Get(260, 3), Is(260, 3, 215), Event(0, 2, None), Event(0, 3, -1), Log(0, 2, "hot"),
    Log(0, 0, ""), Time(5, 1_795_000_000), Time(5, (1 << 32) - 1), Error(7, 3, "0 to 100"), Error(0, 1, ""),
    Reboot(9), Done(9),
)  # fmt: skip
NO_MESSAGES = {
    "nothing at all": b"",
    "no array": b"\x00",
    "an empty array": b"\x80",
    "no such type": bytes.fromhex("82186301"),
    "a type that is a text": bytes.fromhex("82613101"),
    "a request under no number": bytes.fromhex("820000"),
    "a number that is True": bytes.fromhex("8200f5"),
    "a number beyond 65535": bytes.fromhex("82001a00010000"),
    "a number written longer than needed": bytes.fromhex("82001801"),
    "an array that is not ended": bytes.fromhex("8200"),
    "an array of no definite length": bytes.fromhex("9f0001ff"),
    "something after it": bytes.fromhex("82000100"),
    "a set without a value": bytes.fromhex("83040100"),
    "a set to a text": bytes.fromhex("840401006161"),
    "a set to a float": bytes.fromhex("84040100f93c00"),
    "a set to 33 bits": bytes.fromhex("840401001b0000000100000000"),
    "a set beyond 31 bits": bytes.fromhex("840401001a80000000"),
    "a tag": bytes.fromhex("8200c101"),
    "bytes": bytes.fromhex("82004101"),
}


def main() -> None:
    """Write the file, where the package is."""
    path = Path(str(files("firmware_bridge"))) / "vectors.json"
    path.write_text(json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n")


def vectors() -> dict[str, Any]:
    """All of them."""
    return {
        "frames": [framed(each) | {"bytes": encode(each).hex()} for each in FRAMES],
        "garbage": [found(what, line) for what, line in garbage().items()],
        "messages": [
            {
                "what": type(each).__name__,
                "payload": write(each).hex(),
                "items": plain(cbor2.loads(write(each))),
            }
            for each in MESSAGES
        ],
        "no_messages": [{"what": what, "payload": payload.hex()} for what, payload in NO_MESSAGES.items()],
    }


def framed(frame: Frame) -> dict[str, Any]:
    return {"kind": frame.kind.name, "seq": frame.seq, "ack": frame.ack, "payload": frame.payload.hex()}


def plain(item: Any) -> Any:
    """CBOR as JSON can have it: a map as a list of pairs."""
    if isinstance(item, dict):
        return {"map": [[key, plain(value)] for key, value in item.items()]}
    return [plain(each) for each in item] if isinstance(item, list) else item


def found(what: str, line: bytes) -> dict[str, Any]:
    unframer = Unframer()
    frames = unframer.feed(line)
    return {
        "what": what,
        "bytes": line.hex(),
        "frames": [framed(each) for each in frames],
        "dropped": unframer.dropped.total,
    }


def garbage() -> dict[str, bytes]:
    good = encode(Frame(Kind.DATA, 5, 6, b"\x82\x00\x01"))
    return {
        "nothing": b"",
        "zeros": bytes(20),
        "a boot loader's greeting, then a frame": b"optiboot 8.0\r\n" + good,
        "two that share a zero": good[:-1] + good,
        "half a frame, then a whole one": good[:6] + good,
        "a frame that is not ended": good[:-1],
        "one bit flipped": good[:6] + bytes((good[6] ^ 1,)) + good[7:],
        "a byte lost": good[:7] + good[8:],
        "a byte doubled": good[:7] + good[6:],
        "two bytes swapped": good[:6] + good[7:8] + good[6:7] + good[8:],
        "300 bytes without a zero, then a frame": b"\x55" * 300 + good,
        "a block that goes on beyond its end": b"\x00\x09abc\x00" + good,
        "an unknown kind": raw(b"\x99\x00\x00\x00") + good,
        "a length that is too long": raw(b"\x31\x00\x00\x01") + good,
        "a length that is too short": raw(b"\x21\x00\x00\x01ab") + good,
        "shorter than a head": raw(b"\x31\x00") + good,
        "the same frame twice": good + good,
    }


def raw(body: bytes) -> bytes:
    return b"\0" + bytes(cobs.encode(body + crc16(body).to_bytes(2, "big"))) + b"\0"


if __name__ == "__main__":
    main()

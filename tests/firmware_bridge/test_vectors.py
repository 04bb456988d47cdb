"""The vectors that both sides are held to are those that the script writes, and are what they say."""

import json
from importlib.resources import files
from typing import Any

import pytest

from firmware_bridge.errors import MessageError
from firmware_bridge.framing import Frame, Kind, Unframer, encode
from firmware_bridge.messages import decode
from firmware_bridge.messages import encode as write
from tests.firmware_bridge.make_vectors import vectors

VECTORS: dict[str, Any] = json.loads((files("firmware_bridge") / "vectors.json").read_text("utf-8"))


def test_the_file_is_what_the_script_writes() -> None:
    assert vectors() == VECTORS


def frame(said: dict[str, Any]) -> Frame:
    return Frame(Kind[said["kind"]], said["seq"], said["ack"], bytes.fromhex(said["payload"]))


@pytest.mark.parametrize("said", VECTORS["frames"], ids=lambda s: s["kind"])
def test_frames(said: dict[str, Any]) -> None:
    line = bytes.fromhex(said["bytes"])
    assert encode(frame(said)) == line
    assert Unframer().feed(line) == [frame(said)]


@pytest.mark.parametrize("said", VECTORS["garbage"], ids=lambda s: s["what"])
def test_garbage_byte_by_byte(said: dict[str, Any]) -> None:
    unframer = Unframer()
    found = [each for byte in bytes.fromhex(said["bytes"]) for each in unframer.feed(bytes((byte,)))]
    assert found == [frame(each) for each in said["frames"]]
    assert unframer.dropped.total == said["dropped"]


@pytest.mark.parametrize("said", VECTORS["messages"], ids=lambda s: s["what"])
def test_messages(said: dict[str, Any]) -> None:
    payload = bytes.fromhex(said["payload"])
    assert type(decode(payload)).__name__ == said["what"]
    assert write(decode(payload)) == payload


@pytest.mark.parametrize("said", VECTORS["no_messages"], ids=lambda s: s["what"])
def test_what_is_no_message(said: dict[str, Any]) -> None:
    with pytest.raises(MessageError):
        decode(bytes.fromhex(said["payload"]))

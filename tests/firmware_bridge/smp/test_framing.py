"""SMP's frames on a console, among whatever else is on it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("smpclient", reason="smpclient is not installed; script/check installs it")

from firmware_bridge.smp.framing import Reader, encode

FRAMES = st.binary(min_size=8, max_size=2000)


@given(st.lists(FRAMES, max_size=4), st.integers(0, 1 << 30), st.data())
def test_frames_come_out_of_any_pieces_among_other_lines(
    frames: list[bytes], seed: int, data: st.DataObject
) -> None:
    others = st.sampled_from([b"", b"*** Booting ***\r\n", b"uart:~$ ", b"\x06 nothing\n", b"\x04\x14QUJD\n"])
    line = b"".join(data.draw(others) + encode(each) for each in frames)
    rng, reader, found = random.Random(seed), Reader(), []
    while line:
        length = rng.randint(1, 60)
        found += reader.feed(line[:length])
        line = line[length:]
    assert found == frames


@given(st.binary(max_size=4000), FRAMES)
def test_after_any_garbage_a_frame_is_found(garbage: bytes, frame: bytes) -> None:
    reader = Reader()
    reader.feed(garbage)
    assert reader.feed(b"\n" + encode(frame))[-1:] == [frame]


@given(FRAMES, st.data())
def test_a_changed_byte_gives_no_other_frame(frame: bytes, data: st.DataObject) -> None:
    line = bytearray(encode(frame))
    at = data.draw(st.integers(0, len(line) - 1))
    line[at] ^= data.draw(st.integers(1, 255))
    assert set(Reader().feed(bytes(line))) <= {frame}


def test_a_line_without_an_end_takes_no_memory() -> None:
    reader = Reader()
    for _ in range(1000):
        assert reader.feed(b"\x06\x09" + b"QUJD" * 300) == []
    assert len(reader._rest) <= 1024


def test_a_frame_that_was_cut_off_is_counted() -> None:
    reader = Reader()
    reader.feed(encode(bytes(500))[:200])
    assert reader.feed(b"\n" + encode(bytes(8))) == [bytes(8)]
    assert reader.dropped == 1

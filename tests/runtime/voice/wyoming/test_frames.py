"""The framing: whatever is written is read, in any pieces, as the reference library does; nothing too large is kept."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wyoming.event import Event, async_read_event, async_write_event

from runtime.voice.wyoming.frames import Frame, FrameError, FrameLimits, FrameReader, encode

LIMITS = FrameLimits(header_bytes=256, data_bytes=512, payload_bytes=1024)

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(max_size=8),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=4), each, max_size=3),
    max_leaves=5,
)
frames = st.builds(
    Frame,
    st.text(st.characters(codec="ascii", min_codepoint=33), min_size=1, max_size=20),
    st.dictionaries(st.text(max_size=8), values, max_size=3),
    st.binary(max_size=200),
)


def read(data: bytes, piece: int = 1 << 16, limits: FrameLimits = LIMITS) -> list[Frame]:
    reader = FrameReader(limits)
    return [frame for at in range(0, len(data), piece) for frame in reader.feed(data[at : at + piece])]


@given(st.lists(frames, max_size=4), st.integers(1, 50))
def test_what_is_written_is_read_however_it_comes(sent: Sequence[Frame], piece: int) -> None:
    data = b"".join(map(encode, sent))
    large = replace(LIMITS, data_bytes=1 << 16)
    assert read(data, piece, large) == list(sent)


@given(frames)
def test_the_reference_library_reads_what_we_write(frame: Frame) -> None:
    async def theirs() -> Event | None:
        stream = asyncio.StreamReader()
        stream.feed_data(encode(frame))
        stream.feed_eof()
        return await async_read_event(stream)

    event = asyncio.run(theirs())
    assert event is not None
    assert Frame(event.type, event.data, event.payload or b"") == frame


@given(frames)
def test_we_read_what_the_reference_library_writes(frame: Frame) -> None:
    class Kept:
        def __init__(self) -> None:
            self.data = b""

        def write(self, data: bytes) -> None:
            self.data += data

        def writelines(self, pieces: Sequence[bytes]) -> None:
            self.data += b"".join(pieces)

        async def drain(self) -> None:
            pass

    kept: Any = Kept()
    asyncio.run(async_write_event(Event(frame.type, dict(frame.data), frame.payload), kept))
    assert read(kept.data, limits=replace(LIMITS, data_bytes=1 << 16)) == [frame]


def test_data_in_the_header_is_read_and_what_follows_goes_over_it() -> None:
    header = {"type": "transcript", "data": {"text": "old", "language": "en"}, "data_length": 15}
    assert read(json.dumps(header).encode() + b'\n{"text": "new"}') == [
        Frame("transcript", {"text": "new", "language": "en"})
    ]


@pytest.mark.parametrize(
    "header",
    [
        b"{}",
        b"[]",
        b"null",
        b'"describe"',
        b"\xff\xfe",
        b"GET / HTTP/1.1\r",
        b'{"type": null}',
        b'{"type": 3}',
        b'{"type": ""}',
        b'{"type": "' + b"a" * 65 + b'"}',
        b'{"type": "a", "data": []}',
        b'{"type": "a", "data": ' + b"[" * 40 + b"]" * 40 + b"}",
        b'{"type": "a", "data_length": -1}',
        b'{"type": "a", "data_length": 513}',
        b'{"type": "a", "data_length": true}',
        b'{"type": "a", "data_length": 1.5}',
        b'{"type": "a", "data_length": "9"}',
        b'{"type": "a", "payload_length": 1025}',
        b'{"type": "a", "payload_length": 1e400}',
        b'{"type": "a", "payload_length": 99999999999999999999999}',
        b'{"type": "a", "payload_length": NaN}',
        b'{"type": "a", "type": "b"}',
    ],
)
def test_what_is_no_frame_is_refused_before_more_is_read(header: bytes) -> None:
    with pytest.raises(FrameError):
        read(header + b"\n")


@pytest.mark.parametrize("data", [b"[1, 2, 3]", b"{'a': 1}", b"\xff" * 9, b"   12    "])
def test_data_that_is_no_object_is_refused(data: bytes) -> None:
    with pytest.raises(FrameError):
        read(b'{"type": "a", "data_length": %d}\n' % len(data) + data)


def test_a_header_without_an_end_is_refused_before_it_fills_the_memory() -> None:
    reader = FrameReader(LIMITS)
    for _ in range(4):
        assert not list(reader.feed(b"x" * 64))
    with pytest.raises(FrameError, match="header has more than 256"):
        list(reader.feed(b"x"))


def test_a_reader_knows_whether_a_frame_is_cut() -> None:
    reader = FrameReader(LIMITS)
    whole = encode(Frame("a", {"b": 1}, b"cd"))
    for end in range(1, len(whole)):
        reader = FrameReader(LIMITS)
        assert not list(reader.feed(whole[:end]))
        assert reader.midway
    assert list(reader.feed(whole[-1:]))
    assert not reader.midway


@given(st.binary(max_size=400), st.integers(1, 40))
@example(b'{"type": "a", "payload_length": 3}\nabc{"type"', 1)
@example(b"\n\n\n", 1)
def test_any_bytes_make_the_same_frames_in_any_pieces_and_are_never_kept(data: bytes, piece: int) -> None:
    def outcome(size: int) -> tuple[list[Frame], str]:
        reader, got = FrameReader(LIMITS), list[Frame]()
        try:
            for at in range(0, len(data), size):
                for frame in reader.feed(data[at : at + size]):
                    got.append(frame)
                assert len(reader._held) <= 256 + 512 + 1024 + size
        except FrameError as exc:
            return got, str(exc)
        return got, ""

    assert outcome(piece) == outcome(1 << 10)

"""Frames: found in any pieces, in step again at the next zero, and never a wrong one."""

from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.framing import PAYLOAD_LIMIT, Frame, Kind, Unframer, crc16, encode

BYTE = st.integers(0, 255)
FRAMES = st.builds(Frame, st.sampled_from(Kind), BYTE, BYTE, st.binary(max_size=PAYLOAD_LIMIT))


def test_the_check_is_crc16_ccitt_false() -> None:
    assert crc16(b"123456789") == 0x29B1
    assert crc16(b"") == 0xFFFF


@given(st.lists(FRAMES, max_size=5), st.data())
def test_frames_are_found_in_whatever_pieces_they_come(frames: list[Frame], data: st.DataObject) -> None:
    line = b"".join(map(encode, frames))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(line)), max_size=8)))
    unframer, found = Unframer(), []
    for start, end in zip([0, *cuts], [*cuts, len(line)], strict=True):
        found += unframer.feed(line[start:end])
    assert found == frames
    assert unframer.dropped.total == 0


@given(FRAMES)
def test_a_frame_grows_by_one_byte_and_its_delimiters(frame: Frame) -> None:
    encoded = encode(frame)
    assert len(encoded) == 6 + len(frame.payload) + 1 + 2
    assert 0 not in encoded[1:-1]


@given(st.binary(max_size=600), FRAMES)
def test_after_garbage_the_next_frame_is_found(garbage: bytes, frame: Frame) -> None:
    unframer = Unframer()
    unframer.feed(garbage)
    assert unframer.feed(encode(frame))[-1] == frame


@given(FRAMES, st.data())
def test_a_byte_that_is_another_one_is_no_frame_or_none_of_these(frame: Frame, data: st.DataObject) -> None:
    encoded = bytearray(encode(frame))
    at = data.draw(st.integers(1, len(encoded) - 2))
    encoded[at] ^= data.draw(st.integers(1, 255))
    unframer = Unframer()
    assert frame not in unframer.feed(bytes(encoded))


def test_a_burst_within_the_payload_is_always_noticed() -> None:
    frame = encode(Frame(Kind.DATA, 1, 2, bytes(range(1, 100))))
    for at in range(10, 100):
        for flip in range(1, 256):
            spoilt = frame[:at] + bytes((frame[at] ^ flip,)) + frame[at + 1 :]
            assert Unframer().feed(spoilt) == []


def test_a_flood_without_zeros_is_not_kept() -> None:
    unframer = Unframer()
    for _ in range(1000):
        assert unframer.feed(b"\x55" * 4096) == []
    assert len(unframer._begun) <= PAYLOAD_LIMIT + 7
    frame = Frame(Kind.ACK)
    assert unframer.feed(encode(frame)) == [frame]
    assert unframer.dropped.too_long == 1


def test_what_is_dropped_is_counted_by_its_fault() -> None:
    unframer = Unframer(limit=48)
    good = encode(Frame(Kind.DATA, payload=b"abc"))
    unframer.feed(encode(Frame(Kind.DATA, payload=bytes([1]) * 49)))
    unframer.feed(b"\0\x09ab\0")
    unframer.feed(b"\0\x03ab\0")
    unframer.feed(good[:6] + bytes((good[6] ^ 1,)) + good[7:])
    body = b"\x77\0\0\0"
    from cobs import cobs  # noqa: PLC0415  only to write what the code does not

    unframer.feed(b"\0" + cobs.encode(body + crc16(body).to_bytes(2, "big")) + b"\0")
    dropped = unframer.dropped
    assert (dropped.too_long, dropped.not_cobs, dropped.wrong_length) == (1, 1, 1)
    assert (dropped.wrong_crc, dropped.unknown_kind, dropped.total) == (1, 1, 5)


def test_half_a_frame_then_a_whole_one() -> None:
    unframer = Unframer()
    frame = Frame(Kind.DATA, 3, 4, b"payload")
    assert unframer.feed(encode(frame)[:7] + encode(frame)) == [frame]

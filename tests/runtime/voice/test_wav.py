"""WAV files as they are, as they should not be, and cut anywhere."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.voice.pcm import Encoding, Form, SoundError
from runtime.voice.wav import WavReader, wav_header
from tests.support.sounds import fmt, part, tone, wav, written

MONO = Form(16_000)
SOUND = written(tone(440, 0.05), Encoding.S16)


def read(data: bytes, piece: int = 1 << 20) -> tuple[Form | None, bytes]:
    reader = WavReader()
    sound = b"".join(reader.feed(data[at : at + piece]) for at in range(0, len(data), piece))
    reader.close()
    return reader.form, sound


def riff(*parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack("<4sI4s", b"RIFF", 4 + len(body), b"WAVE") + body


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("channels", [1, 2, 8])
@pytest.mark.parametrize("encoding", Encoding)
def test_every_form_is_read(encoding: Encoding, channels: int, extensible: bool) -> None:  # noqa: FBT001  a case
    form = Form(44_100, channels, encoding)
    data = written(tone(440, 0.01), encoding, channels)
    assert read(wav(form, data, extensible=extensible)) == (form, data)


@given(st.integers(1, 100), st.integers(0, 3))
def test_in_whatever_pieces_the_sound_is_the_same(piece: int, odd: int) -> None:
    between = part(b"LIST", b"x" * 31) + part(b"fact", b"1234")
    data = wav(Form(8_000, 2), SOUND[: 400 + odd], between=between) + part(b"id3 ", b"later")
    assert read(data, piece) == (Form(8_000, 2), SOUND[:400])


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0x7FFFFFFF, 100_000])
def test_a_length_that_cannot_be_true_means_to_the_end(size: int) -> None:
    assert read(wav(MONO, SOUND, size=size)) == (MONO, SOUND)


def test_what_comes_after_the_sound_is_no_sound() -> None:
    reader = WavReader()
    assert reader.feed(wav(MONO, SOUND)) == SOUND
    assert reader.feed(b"more" * 10_000) == b""
    assert len(reader._held) == 0


@given(st.integers(0, 200))
def test_a_file_cut_anywhere_is_read_so_far_or_refused(end: int) -> None:
    whole = wav(MONO, SOUND, between=part(b"LIST", b"x" * 20))
    if end < len(whole) - len(SOUND):
        with pytest.raises(SoundError, match="ends before its sound begins"):
            read(whole[:end])
    else:
        _, sound = read(whole[:end])
        assert SOUND.startswith(sound)
        assert len(sound) == (end - len(whole) + len(SOUND)) // 2 * 2


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"OggS" + bytes(60), "seems to be Ogg"),
        (b"ID3\x04" + bytes(60), "seems to be MP3"),
        (b"\x1aE\xdf\xa3" + bytes(60), "seems to be WebM"),
        (b"<html>", "no WAV file; convert"),
        (b"RIFF\0\0\0\0AVI LIST", "without sound"),
        (riff(part(b"data", SOUND)), "does not say how"),
        (riff(part(b"fmt ", b"\1\0\1\0"), part(b"data", SOUND)), "cut short"),
        (riff(part(b"fmt ", fmt(MONO), size=1 << 30)), "broken"),
        (riff(part(b"fmt ", fmt(MONO, block=3)), part(b"data", SOUND)), "contradicts itself"),
        (riff(part(b"fmt ", fmt(MONO, tag=6)), part(b"data", SOUND)), "kind 6 with 16 bits"),
        (riff(part(b"fmt ", fmt(MONO, tag=0x55)), part(b"data", SOUND)), "kind 85"),
        (riff(part(b"LIST", bytes(1 << 20)), part(b"fmt ", fmt(MONO))), "first 1 MiB"),
        (
            riff(part(b"fmt ", struct.pack("<HHIIHH", 1, 0, 16_000, 0, 0, 16)), part(b"data", SOUND)),
            "0 channels",
        ),
        (
            riff(part(b"fmt ", struct.pack("<HHIIHH", 1, 1, 0, 0, 2, 16)), part(b"data", SOUND)),
            "of 0 samples",
        ),
        (
            riff(part(b"fmt ", struct.pack("<HHIIHH", 1, 1, 3_000_000_000, 0, 2, 16)), part(b"data", SOUND)),
            "at any rate from 4000 to 192000",
        ),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_what_cannot_be_heard_is_refused_with_what_to_do(data: bytes, says: str) -> None:
    for piece in (1, 1 << 21):
        with pytest.raises(SoundError, match=says):
            read(data, piece if len(data) < 1 << 20 else 1 << 21)


def test_a_header_that_never_ends_is_not_held() -> None:
    reader = WavReader()
    reader.feed(b"RIFF\0\0\0\0WAVE" + struct.pack("<4sI", b"junk", 0xFFFFFFFE))
    for _ in range(15):
        reader.feed(bytes(1 << 16))
        assert len(reader._held) == 0
    with pytest.raises(SoundError, match="no sound in its first"):
        reader.feed(bytes(1 << 16))


def test_what_is_written_is_read() -> None:
    assert read(wav_header(24_000, size=len(SOUND)) + SOUND) == (Form(24_000), SOUND)
    assert read(wav_header(24_000) + SOUND) == (Form(24_000), SOUND)

"""Whatever form sound comes in, what is heard is the same."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.voice.audio import PcmStream, WavStream, read_wav, stream_wav, write_wav
from runtime.voice.border import RATE, Samples
from runtime.voice.pcm import Encoding, Form, SoundError, clipped, dbfs, pcm16
from runtime.voice.resampling import Resampler, resampled
from runtime.voice.wav import wav_header
from tests.support.sounds import noise, silence, tone, wav, written

TOLERANCE = {Encoding.U8: 0.01, Encoding.S16: 1e-4}
"""Of the numbers themselves; finer forms lose nothing that float32 has."""


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_every_form_says_the_same(encoding: Encoding, channels: int) -> None:
    sound = tone(440, 0.2)
    heard = read_wav(wav(Form(RATE, channels, encoding), written(sound, encoding, channels)))
    assert heard.dtype == np.float32
    np.testing.assert_allclose(heard, sound, atol=TOLERANCE.get(encoding, 1e-6))


@pytest.mark.parametrize("rate", [4_000, 8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000])
def test_every_rate_says_the_same(rate: int) -> None:
    heard = read_wav(write_wav(tone(440, 1.0, rate=rate), rate))
    assert heard.size == pytest.approx(RATE, abs=16)
    middle = slice(2_000, 14_000)
    np.testing.assert_allclose(heard[middle], tone(440, 1.0)[middle], atol=2e-3)


def test_what_is_too_high_to_hear_does_not_fold_over() -> None:
    assert dbfs(resampled(tone(15_000, 1.0, rate=48_000), 48_000)[500:-500]) < -80


@given(st.lists(st.integers(1, 3_000), min_size=1, max_size=30), st.sampled_from([8_000, 16_000, 44_100]))
def test_in_whatever_pieces_the_sound_is_the_same(cuts: list[int], rate: int) -> None:
    form = Form(rate, 2, Encoding.S24)
    data = written(tone(300, 0.2, rate=rate), form.encoding, 2)
    stream, heard, at = PcmStream(form), [], 0
    for cut in (*cuts, len(data)):
        heard.append(stream.feed(data[at : at + cut]))
        at += cut
    heard.append(stream.finish())
    whole = PcmStream(form)
    np.testing.assert_allclose(
        np.concatenate(heard), np.concatenate((whole.feed(data), whole.finish())), atol=1e-6
    )


@given(st.lists(st.floats(width=32), min_size=1, max_size=50))
def test_whatever_numbers_are_sent_none_is_louder_than_one(values: list[float]) -> None:
    for encoding, kind in ((Encoding.F32, "<f4"), (Encoding.F64, "<f8")):
        heard = Form(RATE, 1, encoding).mono(np.array(values, kind).tobytes())
        assert np.isfinite(heard).all()
        assert np.abs(heard).max() <= 1


@given(st.binary(max_size=100), st.sampled_from(Encoding), st.integers(1, 8))
def test_any_bytes_are_some_sound(data: bytes, encoding: Encoding, channels: int) -> None:
    form = Form(RATE, channels, encoding)
    heard = form.mono(data)
    assert heard.size == len(data) // form.frame_bytes
    assert heard.size == 0 or np.abs(heard).max() <= 1


class TwoHours:
    """A recording of two hours that is nowhere."""

    def __init__(self) -> None:
        self._left = 2 * 3600 * RATE * 2
        self._piece = pcm16(noise(4.0))
        self._header = wav_header(RATE)

    def read(self, size: int, /) -> bytes:
        header, self._header = self._header, b""
        given = self._piece[: min(self._left, size - len(header))]
        self._left -= len(given)
        return header + given


def test_two_hours_are_heard_in_little_memory() -> None:
    tracemalloc.start()
    heard = sum(piece.size for piece in stream_wav(TwoHours()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert heard == 2 * 3600 * RATE
    assert peak < 4 << 20


def test_what_is_longer_than_may_be_is_refused_before_it_is_read() -> None:
    endless = TwoHours()
    with pytest.raises(SoundError, match="longer than 60 seconds; send it in parts"):
        read_wav(endless, longest_s=60)
    assert endless._left > 7_000 * RATE * 2


def test_a_recording_without_sound_in_it_is_silence() -> None:
    assert read_wav(write_wav(silence(0))).size == 0


def test_half_a_file_is_half_the_sound_and_half_a_header_none() -> None:
    whole = write_wav(tone(440, 1.0))
    assert read_wav(whole[: len(whole) // 2]).size == pytest.approx(RATE / 2, abs=20)
    with pytest.raises(SoundError, match="ends before"):
        read_wav(whole[:30])
    with pytest.raises(SoundError, match="ends before"):
        read_wav(b"")


def test_nothing_comes_of_a_header_alone() -> None:
    stream = WavStream()
    assert stream.feed(wav_header(44_100)).size == 0
    assert stream.finish().size == 0


def test_a_resampler_begins_anew() -> None:
    resampler, once = Resampler(48_000), tone(440, 0.1, rate=48_000)
    first = np.concatenate((resampler.feed(once), resampler.finish()))
    np.testing.assert_array_equal(np.concatenate((resampler.feed(once), resampler.finish())), first)


@pytest.mark.parametrize(
    ("samples", "level"), [(tone(440, 1.0, loudness=1.0), -3.0), (tone(440, 1.0, loudness=0.1), -23.0)]
)
def test_loudness_is_told_in_dbfs(samples: Samples, level: float) -> None:
    assert dbfs(samples) == pytest.approx(level, abs=0.1)


def test_silence_has_a_level_too() -> None:
    assert dbfs(silence(1.0)) == pytest.approx(-100)
    assert dbfs(silence(0)) == pytest.approx(-100)


def test_what_was_recorded_too_loudly_shows() -> None:
    assert clipped(tone(440, 1.0)) == 0
    assert clipped(np.asarray(tone(440, 1.0, loudness=4.0).clip(-1, 1))) > 0.5
    assert clipped(silence(0)) == 0


def test_what_is_written_is_heard_again() -> None:
    heard = read_wav(write_wav(np.array([0.0, 0.5, 1.0, -1.0, 2.0], np.float32)))
    np.testing.assert_allclose(heard, [0, 0.5, 1, -1, 1], atol=1e-4)

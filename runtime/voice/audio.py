"""The door that sound comes in by: whatever form it has, behind here it is mono, 16 kHz, float32.

Knows WAV files (`wav.py`), plain PCM (`pcm.py`) and rates (`resampling.py`). Nothing of it needs all of a recording at
once but `read_wav`, which has a bound.
"""

import io
from collections.abc import Iterator
from typing import Final, Protocol

import numpy as np

from runtime.voice.border import RATE, Samples
from runtime.voice.pcm import Form, SoundError, pcm16
from runtime.voice.resampling import Resampler
from runtime.voice.wav import WavReader, wav_header

LONGEST_S: Final = 7_200.0
_PIECE: Final = 1 << 16


class Readable(Protocol):
    """A file, or what is like one."""

    def read(self, size: int, /) -> bytes:
        """At most that many bytes; none at the end."""
        ...


class PcmStream:
    """Plain PCM in pieces of any size, a cut sample among them."""

    def __init__(self, form: Form) -> None:
        """Raises NoVoiceError: soxr is not installed, and needed."""
        self._form = form
        self._held = b""
        self._resampler = Resampler(form.rate)

    def feed(self, data: bytes) -> Samples:
        """What is ready of it, at RATE."""
        data = self._held + data
        whole = len(data) // self._form.frame_bytes * self._form.frame_bytes
        self._held = data[whole:]
        return self._resampler.feed(self._form.mono(data[:whole]))

    def finish(self) -> Samples:
        """What is left, but for a cut sample."""
        self._held = b""
        return self._resampler.finish()


class WavStream:
    """A WAV file in pieces of any size."""

    def __init__(self) -> None:
        self._reader = WavReader()
        self._sound: PcmStream | None = None

    def feed(self, data: bytes) -> Samples:
        """What is ready of it, at RATE.

        Raises:
            SoundError: it is no WAV file, or none that can be heard.
            NoVoiceError: soxr is not installed, and needed.
        """
        sound = self._reader.feed(data)
        if self._sound is None:
            if self._reader.form is None or not sound:
                return np.zeros(0, np.float32)
            self._sound = PcmStream(self._reader.form)
        return self._sound.feed(sound)

    def finish(self) -> Samples:
        """What is left.

        Raises:
            SoundError: the file ended within its header.
        """
        self._reader.close()
        return np.zeros(0, np.float32) if self._sound is None else self._sound.finish()


def stream_wav(file: Readable) -> Iterator[Samples]:
    """A file of any length, a piece at a time: 64 KiB of it are held.

    Raises (at any iteration):
        SoundError: it is no WAV file, or none that can be heard.
        NoVoiceError: soxr is not installed, and needed.
        OSError: it cannot be read.
    """
    stream = WavStream()
    while data := file.read(_PIECE):
        yield stream.feed(data)
    yield stream.finish()


def read_wav(source: bytes | Readable, *, longest_s: float = LONGEST_S) -> Samples:
    """All of a file.

    Raises:
        SoundError: it is no WAV file, none that can be heard, or longer than that.
        NoVoiceError: soxr is not installed, and needed.
        OSError: it cannot be read.
    """
    pieces, count = [], 0
    for piece in stream_wav(io.BytesIO(source) if isinstance(source, bytes) else source):
        count += piece.size
        if count > longest_s * RATE:
            raise SoundError(f"the recording is longer than {longest_s:g} seconds; send it in parts")
        pieces.append(piece)
    return np.concatenate(pieces)


def write_wav(samples: Samples, rate: int = RATE) -> bytes:
    """A whole file: mono, PCM of 16 bits."""
    data = pcm16(samples)
    return wav_header(rate, size=len(data)) + data

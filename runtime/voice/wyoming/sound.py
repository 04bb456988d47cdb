"""Sound as Wyoming's events carry it: a stream of PCM in, whatever its form; chunks of 16 bits out."""

from collections.abc import Iterator
from typing import Final

from wyoming.audio import AudioChunk

from runtime.voice.audio import PcmStream
from runtime.voice.border import Samples, Sound
from runtime.voice.pcm import Encoding, Form, SoundError, pcm16
from runtime.voice.wyoming.frames import Frame
from runtime.wire.fields import Fields

_WIDTHS: Final = {1: Encoding.U8, 2: Encoding.S16, 3: Encoding.S24, 4: Encoding.S32}
_CHUNK: Final = 2048
"""Samples that are sent at a time."""
WIDTH: Final = 2
"""Bytes of a sample that is sent."""


class SoundIn:
    """The sound that comes on one connection, one recording after the other."""

    def __init__(self) -> None:
        self._form: Form | None = None
        self._stream: PcmStream | None = None

    def start(self, frame: Frame) -> None:
        """Another recording begins; an `audio-start` names its form.

        Raises:
            CallerError: a form that nobody records in.
            NoVoiceError: soxr is not installed, and needed.
        """
        self._begin(form_of(frame, None))

    def feed(self, frame: Frame) -> Samples:
        """What is ready, of an `audio-chunk`. Computes.

        Raises:
            CallerError: a form that nobody records in, or another than before.
            NoVoiceError: soxr is not installed, and needed.
        """
        form = form_of(frame, self._form)
        if self._stream is None:
            self._begin(form)
        elif form != self._form:
            raise SoundError("the form of the sound changes midway; send audio-stop and audio-start between")
        assert self._stream is not None  # noqa: S101  `_begin` made it
        return self._stream.feed(frame.payload)

    def stop(self) -> Samples | None:
        """What was left of the recording; None where there was none. Computes."""
        stream, self._stream, self._form = self._stream, None, None
        return None if stream is None else stream.finish()

    def _begin(self, form: Form) -> None:
        self._form, self._stream = form, PcmStream(form)


def chunks(sound: Sound) -> Iterator[AudioChunk]:
    """A sound in pieces that are soon sent."""
    for start in range(0, sound.samples.size, _CHUNK):
        piece = sound.samples[start : start + _CHUNK]
        yield AudioChunk(sound.rate, WIDTH, 1, pcm16(piece))


def form_of(frame: Frame, before: Form | None) -> Form:
    """As an event says it; where it says nothing, as before.

    Raises:
        CallerError: a form that nobody records in, or none.
    """
    fields = Fields.of(frame.data, frame.type)
    rate = fields.integer("rate", 1, 1 << 24)
    channels = fields.integer("channels", 1, 1 << 16)
    width = fields.integer("width", 1, max(_WIDTHS))
    if before is not None:
        rate, channels = rate or before.rate, channels or before.channels
        width = width or before.encoding.width
    if rate is None or channels is None or width is None:
        raise SoundError("the sound has no form; send rate, width and channels with audio-start")
    return Form(rate, channels, _WIDTHS[width])

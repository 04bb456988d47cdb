"""WAV files: reads one piece by piece, holding no more of it than a header, and writes the header of another.

Source: Multimedia Programming Interface and Data Specifications 1.0 (RIFF, WAVE) and Microsoft's WAVEFORMATEXTENSIBLE.
Knows no resampling and no file. Believes a header as far as it can be true: one that was written before its sound had
ended names no length, or a wrong one, and the sound goes on to the end then.
"""

import struct
from typing import Final

from runtime.voice.pcm import Encoding, Form, SoundError

_PCM: Final = 1
_FLOAT: Final = 3
_EXTENSIBLE: Final = 0xFFFE
_ENCODINGS: Final = {
    (_PCM, 8): Encoding.U8,
    (_PCM, 16): Encoding.S16,
    (_PCM, 24): Encoding.S24,
    (_PCM, 32): Encoding.S32,
    (_FLOAT, 32): Encoding.F32,
    (_FLOAT, 64): Encoding.F64,
}
_FMT_BYTES: Final = 16
_SUBFORMAT: Final = 24
"""Where the extensible form says what it extends."""
_HEADER_BYTES: Final = 1 << 20
"""Most that may come before the sound: pictures and names that some programs put there."""
_UNKNOWN: Final = 0xFFFFFFFF
_OTHERS: Final = {
    b"OggS": "Ogg",
    b"fLaC": "FLAC",
    b"ID3": "MP3",
    b"\xff\xfb": "MP3",
    b"\xff\xf3": "MP3",
    b"\x1aE\xdf\xa3": "WebM",
    b"FORM": "AIFF",
    b"RIFX": "big-endian WAV",
}
_CONVERT: Final = "convert it with `ffmpeg -i FILE -ar 16000 -ac 1 out.wav`"


class WavReader:
    """Takes a file in pieces of any size; gives what is sound in them."""

    def __init__(self) -> None:
        self.form: Form | None = None
        """Known once the header was read."""
        self._held = b""
        self._passed = 0
        """Bytes before the sound."""
        self._skip = 0
        """Bytes still to come of a part that does not matter."""
        self._left: int | None = None
        """Bytes still to come of the sound; None: nobody knows."""
        self._begun = False

    def feed(self, data: bytes) -> bytes:
        """The sound in the next piece: whole frames, as `form` says they are written.

        Raises:
            SoundError: it is no WAV file, or none that can be heard.
        """
        self._held += data
        while not self._begun:
            if not self._read_part():
                return b""
        return self._sound()

    def close(self) -> None:
        """Say that there is no more.

        Raises:
            SoundError: its header is not whole.
        """
        if not self._begun:
            raise SoundError("the WAV file ends before its sound begins; send the whole file")

    def _read_part(self) -> bool:
        """Read one part of the header; False: more is needed first."""
        if not self._passed:
            if not self._is_wav():
                return False
            self._take(12)
        if self._skip:
            self._skip -= len(self._take(min(self._skip, len(self._held))))
            if self._skip:
                return False
        if len(self._held) < 8:  # noqa: PLR2004  a name and a length
            return False
        name, size = struct.unpack_from("<4sI", self._held)
        if name == b"data":
            self._begin(size)
            return True
        if name != b"fmt ":
            self._take(8)
            self._skip = size + size % 2
        elif size > _HEADER_BYTES:
            raise SoundError("the WAV file's header is broken; record it again")
        elif len(self._held) >= 8 + size:
            self._take(8)
            self.form = _form(self._take(size))
            self._skip = size % 2
        else:
            return False
        return True

    def _is_wav(self) -> bool:
        """Whether it begins as one; False: too little is there to say."""
        beginning = self._held[:12]
        if len(beginning) < 4:  # noqa: PLR2004  RIFF
            return False
        if beginning[:4] not in {b"RIFF", b"RF64"}:
            kind = next((kind for magic, kind in _OTHERS.items() if beginning.startswith(magic)), None)
            seems = "" if kind is None else f", it seems to be {kind}"
            raise SoundError(f"that is no WAV file{seems}; {_CONVERT}")
        if len(beginning) < 12:  # noqa: PLR2004  RIFF, a length, WAVE
            return False
        if beginning[8:] != b"WAVE":
            raise SoundError(f"that is a RIFF file without sound in it; {_CONVERT}")
        return True

    def _begin(self, size: int) -> None:
        if self.form is None:
            raise SoundError("the WAV file does not say how its sound is written; record it again")
        self._take(8)
        self._left = None if size in {0, _UNKNOWN} else size
        self._begun = True

    def _take(self, count: int) -> bytes:
        taken, self._held = self._held[:count], self._held[count:]
        self._passed += len(taken)
        if self._passed > _HEADER_BYTES:
            raise SoundError(f"the WAV file has no sound in its first {_HEADER_BYTES >> 20} MiB; {_CONVERT}")
        return taken

    def _sound(self) -> bytes:
        assert self.form is not None  # noqa: S101  `_begin` saw to it
        there = len(self._held) if self._left is None else min(len(self._held), self._left)
        whole = there // self.form.frame_bytes * self.form.frame_bytes
        sound, self._held = self._held[:whole], self._held[whole:]
        if self._left is not None:
            self._left -= whole
            if self._left < self.form.frame_bytes:
                self._held, self._left = b"", 0
        return sound


def _form(fmt: bytes) -> Form:
    if len(fmt) < _FMT_BYTES:
        raise SoundError("the WAV file's header is cut short; record it again")
    tag, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", fmt)
    if tag == _EXTENSIBLE and len(fmt) >= _SUBFORMAT + 2:
        (tag,) = struct.unpack_from("<H", fmt, _SUBFORMAT)
    encoding = _ENCODINGS.get((tag, bits))
    if encoding is None:
        raise SoundError(
            f"WAV files of the kind {tag} with {bits} bits are not read here, only PCM and float; {_CONVERT}"
        )
    form = Form(rate, channels, encoding)
    if block != form.frame_bytes:
        raise SoundError(
            f"the WAV file's header contradicts itself: {channels} channels of {bits} bits in {block} bytes; "
            "record it again"
        )
    return form


def wav_header(rate: int, *, size: int | None = None) -> bytes:
    """What goes before `size` bytes of mono PCM of 16 bits; None: nobody knows yet how many there will be."""
    data = _UNKNOWN if size is None else size
    whole = _UNKNOWN if size is None else size + 36
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        b"RIFF", whole, b"WAVE", b"fmt ", _FMT_BYTES, _PCM, 1, rate, rate * 2, 2, 16, b"data", data,
    )  # fmt: skip

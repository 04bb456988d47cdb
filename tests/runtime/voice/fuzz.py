"""A target for atheris: whatever is sent for a WAV file is heard the same in any pieces, or refused by name.

`python -m tests.runtime.voice.fuzz -max_total_time=60` runs it by hand.
"""

import sys

import atheris

with atheris.instrument_imports(include=["runtime.voice"]):
    from runtime.voice.pcm import SoundError
    from runtime.voice.wav import WavReader

_MOST_HELD = 1 << 20


def heard(data: bytes, piece: int) -> tuple[bytes, str]:
    """What is sound in it, and why no more is."""
    reader, sound = WavReader(), b""
    try:
        for at in range(0, len(data), piece):
            sound += reader.feed(data[at : at + piece])
            assert len(reader._held) < _MOST_HELD
        reader.close()
    except SoundError as exc:
        return sound, str(exc)
    assert reader.form is not None
    assert len(sound) % reader.form.frame_bytes == 0
    reader.form.mono(sound)
    return sound, ""


def one(data: bytes) -> None:
    """The first byte says in which pieces."""
    if data:
        assert heard(data[1:], 1 + data[0]) == heard(data[1:], len(data))


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()

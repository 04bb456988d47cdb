"""A target for atheris: whatever bytes are sent, frames are cut the same in any pieces, within bounds, or refused.

`python -m tests.runtime.voice.wyoming.fuzz -max_total_time=60` runs it by hand.
"""

import sys

import atheris

with atheris.instrument_imports(include=["runtime.voice.wyoming.frames", "runtime.strict_json"]):
    from runtime.voice.wyoming.frames import Frame, FrameError, FrameLimits, FrameReader, encode

_LIMITS = FrameLimits(header_bytes=200, data_bytes=200, payload_bytes=200)


def read(data: bytes, piece: int) -> tuple[list[Frame], str]:
    """The frames in it, and why there are no more."""
    reader, frames = FrameReader(_LIMITS), list[Frame]()
    try:
        for at in range(0, len(data), piece):
            for frame in reader.feed(data[at : at + piece]):
                frames.append(frame)
            assert len(reader._held) <= 600 + piece
    except FrameError as exc:
        return frames, str(exc)
    return frames, ""


def one(data: bytes) -> None:
    """The first byte says in which pieces."""
    if not data:
        return
    frames, why = read(data[1:], 1 + data[0])
    assert (frames, why) == read(data[1:], len(data))
    for frame in frames:
        assert list(FrameReader(FrameLimits()).feed(encode(frame))) == [frame]


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()

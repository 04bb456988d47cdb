"""Sound that tests make: tones, noise, and WAV files as other programs write them, the odd ones too."""

import struct
from typing import Final

import numpy as np

from runtime.voice.border import RATE, Samples
from runtime.voice.pcm import Encoding, Form

_TAGS: Final = {Encoding.F32: 3, Encoding.F64: 3}
_GUID: Final = bytes.fromhex("000000001000800000aa00389b71")


def tone(hertz: float, seconds: float, *, rate: int = RATE, loudness: float = 0.5) -> Samples:
    times = np.arange(round(seconds * rate)) / rate
    return np.asarray(loudness * np.sin(2 * np.pi * hertz * times), np.float32)


def noise(seconds: float, *, loudness: float = 0.1, seed: int = 1) -> Samples:
    made = np.random.default_rng(seed).standard_normal(round(seconds * RATE)) * loudness
    return np.asarray(made.clip(-1, 1), np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.float32)


def written(samples: Samples, encoding: Encoding, channels: int = 1) -> bytes:
    """The same in every channel."""
    wide = np.repeat(samples.astype(np.float64)[:, None], channels, axis=1).reshape(-1)
    match encoding:
        case Encoding.U8:
            return (wide * 127 + 128).round().astype(np.uint8).tobytes()
        case Encoding.S16:
            return (wide * 32767).round().astype("<i2").tobytes()
        case Encoding.S24:
            whole = (wide * 8388607).round().astype("<i4")
            return whole.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
        case Encoding.S32:
            return (wide * 2147483647).round().astype("<i4").tobytes()
        case Encoding.F32:
            return wide.astype("<f4").tobytes()
        case Encoding.F64:
            return wide.astype("<f8").tobytes()


def part(name: bytes, content: bytes, *, size: int | None = None) -> bytes:
    told = len(content) if size is None else size
    return struct.pack("<4sI", name, told) + content + b"\0" * (len(content) % 2)


def fmt(form: Form, *, extensible: bool = False, block: int | None = None, tag: int | None = None) -> bytes:
    tag = _TAGS.get(form.encoding, 1) if tag is None else tag
    bits = form.encoding.width * 8
    block = form.frame_bytes if block is None else block
    told = 0xFFFE if extensible else tag
    head = struct.pack("<HHIIHH", told, form.channels, form.rate, form.rate * block, block, bits)
    return head + struct.pack("<HHIH", 22, bits, 0, tag) + _GUID if extensible else head


def wav(
    form: Form, data: bytes, *, extensible: bool = False, size: int | None = None, between: bytes = b""
) -> bytes:
    """`size`: what the header says of the data; `between`: parts before it."""
    parts = part(b"fmt ", fmt(form, extensible=extensible)) + between + part(b"data", data, size=size)
    return struct.pack("<4sI4s", b"RIFF", 4 + len(parts), b"WAVE") + parts

"""Sound as plain numbers in a row: in which forms it comes, and how each is read and written.

Knows no file and no rate but as a number. Of several channels the mean is taken: a person who stands nearer to one
microphone is heard all the same.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from runtime.errors import CallerError
from runtime.voice.border import Samples

RATES: Final = range(4_000, 192_001)
CHANNELS: Final = range(1, 9)
_CLIPPED: Final = 0.999
_FLOOR: Final = 1e-5


class SoundError(CallerError):
    """What was sent cannot be heard; it says what to send instead."""


class Encoding(Enum):
    """How a sample is written; all little-endian. The value: its bytes."""

    U8 = "u8"
    S16 = "s16le"
    S24 = "s24le"
    S32 = "s32le"
    F32 = "f32le"
    F64 = "f64le"

    @property
    def width(self) -> int:
        """Bytes of a sample."""
        return {"u8": 1, "s16le": 2, "s24le": 3, "s32le": 4, "f32le": 4, "f64le": 8}[self.value]


@dataclass(frozen=True, slots=True)
class Form:
    """How a stream of sound is written.

    Raises:
        SoundError: a rate or a number of channels that nobody records at.
    """

    rate: int
    """Samples a second, of each channel."""
    channels: int = 1
    encoding: Encoding = Encoding.S16

    def __post_init__(self) -> None:
        """Refuse what is out of bounds, before anything is reserved for it."""
        if self.rate not in RATES:
            raise SoundError(
                f"sound of {self.rate} samples a second is not heard; send it at 16000, "
                f"or at any rate from {RATES[0]} to {RATES[-1]}"
            )
        if self.channels not in CHANNELS:
            raise SoundError(
                f"sound of {self.channels} channels is not heard; send it in 1 to {CHANNELS[-1]}"
            )

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return self.channels * self.encoding.width

    def mono(self, data: bytes) -> Samples:
        """Read whole frames; a cut one at the end is left out."""
        whole = len(data) // self.frame_bytes * self.frame_bytes
        values = _numbers(data[:whole], self.encoding).reshape(-1, self.channels)
        if self.channels == 1:
            return values[:, 0]
        return np.asarray(values.mean(axis=1), np.float32)


def _numbers(data: bytes, encoding: Encoding) -> Samples:
    """What is no number is silence, and what is louder than 1 is 1."""
    match encoding:
        case Encoding.U8:
            return _scaled(np.frombuffer(data, np.uint8).astype(np.int16) - 128, 8)
        case Encoding.S16:
            return _scaled(np.frombuffer(data, "<i2"), 16)
        case Encoding.S24:
            padded = np.zeros((len(data) // 3, 4), np.uint8)
            padded[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
            return _scaled(padded.view("<i4")[:, 0], 32)
        case Encoding.S32:
            return _scaled(np.frombuffer(data, "<i4"), 32)
        case Encoding.F32 | Encoding.F64:
            values = np.frombuffer(data, "<f4" if encoding is Encoding.F32 else "<f8")
            return np.asarray(np.nan_to_num(values.clip(-1, 1)), np.float32)


def _scaled(values: NDArray[np.signedinteger[Any]], bits: int) -> Samples:
    return np.asarray(values, np.float32) / np.float32(1 << (bits - 1))


def pcm16(samples: Samples) -> bytes:
    """Samples as 16-bit numbers; what is louder than 1 is cut."""
    return np.asarray((samples.clip(-1, 1) * 32767).round(), "<i2").tobytes()


def dbfs(samples: Samples) -> float:
    """How loud it is: 0 is as loud as it can be, -100 nothing at all."""
    power = float(np.mean(np.square(samples, dtype=np.float64))) if samples.size else 0.0
    return 10 * float(np.log10(max(power, _FLOOR**2)))


def clipped(samples: Samples) -> float:
    """The share of samples that are as loud as can be: of speech that was recorded well, none."""
    return float(np.mean(np.abs(samples) >= _CLIPPED)) if samples.size else 0.0

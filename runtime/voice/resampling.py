"""The door to soxr: sound of one rate as sound of another, without what is too high for it folding over."""

import numpy as np

from runtime.voice.border import RATE, Samples
from runtime.voice.extra import needed


class Resampler:
    """One stream of mono sound. It remembers what it has not given back yet, some hundredths of a second."""

    def __init__(self, rate: int, to: int = RATE) -> None:
        """`rate` comes in, `to` goes out.

        Raises:
            NoVoiceError: soxr is not installed, and needed.
        """
        if rate == to:
            self._stream = None
            return
        with needed():
            import soxr  # noqa: PLC0415  of the extra
        self._stream = soxr.ResampleStream(rate, to, 1, dtype="float32", quality="HQ")

    def feed(self, samples: Samples) -> Samples:
        """What is ready of it; possibly nothing yet."""
        return self._through(samples, last=False)

    def finish(self) -> Samples:
        """What is left. A new stream may begin then."""
        rest = self._through(np.zeros(0, np.float32), last=True)
        if self._stream is not None:
            self._stream.clear()
        return rest

    def _through(self, samples: Samples, *, last: bool) -> Samples:
        if self._stream is None:
            return samples
        return np.asarray(self._stream.resample_chunk(np.ascontiguousarray(samples), last=last)).clip(-1, 1)


def resampled(samples: Samples, rate: int, to: int = RATE) -> Samples:
    """All of it at once.

    Raises:
        NoVoiceError: soxr is not installed, and needed.
    """
    stream = Resampler(rate, to)
    return np.concatenate((stream.feed(samples), stream.finish()))

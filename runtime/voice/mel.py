"""What Whisper hears by: sound as a log-mel spectrogram, the same that it was trained on.

Source: whisper/audio.py of its makers, and transformers' WhisperFeatureExtractor, to 1e-5 of which this is held.
Filters are Slaney's (Auditory Toolbox, 1998): linear up to 1 kHz, logarithmic above, each of unit area.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from runtime.voice.border import RATE, Samples

HOP: Final = 160
"""Samples from one frame to the next: 10 ms."""
_WINDOW: Final = 400
_RANGE: Final = 8.0
"""Decades below the loudest that are told apart."""
SPAN: Final = _RANGE / 4.0
"""From the loudest to silence in a spectrogram."""
_LEAST: Final = 1e-10
_BREAK_HZ: Final = 1000.0
_HZ_A_MEL: Final = 200.0 / 3
_STEP: Final = np.log(6.4) / 27
"""Of a mel above the break."""

Spectrogram = NDArray[np.float32]
"""[bins, frames]."""


def log_mel(samples: Samples, bins: int, frames: int, *, loudest: float | None = None) -> Spectrogram:
    """So many frames of it; sound that is shorter goes on as silence, what is longer is left out.

    With `loudest`, the loudest there is has that value, as if the microphone had been turned up or down.
    """
    wanted = frames * HOP
    sound = np.zeros(wanted, np.float64)
    sound[: min(wanted, samples.size)] = samples[:wanted]
    padded = np.pad(sound, _WINDOW // 2, mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::HOP][:frames]
    spectrum = np.fft.rfft(windows * _hann(), axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    levels = np.log10(np.maximum(_filters(bins) @ power.T, _LEAST))
    np.maximum(levels, levels.max() - _RANGE, out=levels)
    scaled = (levels + 4.0) / 4.0
    if loudest is not None:
        scaled += loudest - scaled.max()
    return scaled.astype(np.float32)


@cache
def _hann() -> NDArray[np.float64]:
    """Periodic."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)


@cache
def _filters(bins: int) -> NDArray[np.float64]:
    """[bins, frequencies]: triangles, equally far apart in mel."""
    top = _mel(np.array(RATE / 2))
    edges = _hertz(np.linspace(0.0, float(top), bins + 2))
    frequencies = np.fft.rfftfreq(_WINDOW, 1 / RATE)
    rising = (frequencies - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - frequencies) / np.diff(edges)[1:, None]
    area = 2.0 / (edges[2:] - edges[:-2])
    filters: NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling)) * area[:, None]
    return filters


def _mel(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = hertz / _HZ_A_MEL
    above = _BREAK_HZ / _HZ_A_MEL + np.log(np.maximum(hertz, _BREAK_HZ) / _BREAK_HZ) / _STEP
    return np.where(hertz < _BREAK_HZ, linear, above)


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    at = _BREAK_HZ / _HZ_A_MEL
    return np.where(mel < at, mel * _HZ_A_MEL, _BREAK_HZ * np.exp(_STEP * (np.maximum(mel, at) - at)))

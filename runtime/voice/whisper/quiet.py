"""Whether there is anything to be written down at all: Whisper invents words where nobody speaks.

Numbers in, a verdict out. Sound that is too faint is not given to the model; what the model says of sound in which it
hears nobody is not believed (Radford et al., section 4.5).
"""

import zlib
from typing import Final

import numpy as np

from runtime.voice.border import RATE, Samples

_FAINT_DB: Final = -55.0
"""Of full scale: a whisper close by is louder, a quiet room fainter."""
_STRETCH: Final = RATE // 10
_SURELY_NONE: Final = 0.8
"""Probability of no speech that no command had, of 400 in noise or not; hum and noise have more."""
_HARDLY_ANY: Final = 0.6
_UNSURE: Final = -1.0
"""Mean log probability of a token below which a reading is a guess, if there is hardly any speech either."""
_GUESSED: Final = -1.5
"""Below which it is one anyhow: of 400 commands the five below were all wrong."""
_LOOPING: Final = 2.4
"""Times that a text is longer than what is in it."""
_SHORT: Final = 40
"""Bytes of a text that may say anything."""


def is_faint(samples: Samples) -> bool:
    """Whether no tenth of a second of it is as loud as speech."""
    whole = samples[: samples.size // _STRETCH * _STRETCH].reshape(-1, _STRETCH)
    if not whole.size:
        return True
    power = np.square(whole - whole.mean(axis=1, keepdims=True)).mean(axis=1)
    return bool(power.max() < 10 ** (_FAINT_DB / 10))


def is_invented(no_speech: float, score: float) -> bool:
    """Whether a reading is of nothing."""
    unlikely = no_speech > _HARDLY_ANY and score < _UNSURE
    return unlikely or no_speech > _SURELY_NONE or score < _GUESSED


def is_looping(text: str) -> bool:
    """Whether it says the same again and again, which a model does that has lost its way."""
    raw = text.encode()
    return len(raw) > _SHORT and len(raw) > _LOOPING * len(zlib.compress(raw))

"""Whether there is anything to be written down at all: Whisper invents words where nobody speaks.

Numbers in, a verdict out. Sound that is too faint is not given to the model; what the model says of sound in which it
hears nobody is not believed (Radford et al., section 4.5).
"""

from typing import Final

import numpy as np

from runtime.voice.border import RATE, Samples

_FAINT_DB: Final = -55.0
"""Of full scale: a whisper close by is louder, a quiet room fainter."""
_STRETCH: Final = RATE // 10
_NO_SPEECH: Final = 0.6
_UNSURE: Final = -1.0
"""Mean log probability of a token below which a reading is a guess."""


def is_faint(samples: Samples) -> bool:
    """Whether no tenth of a second of it is as loud as speech."""
    whole = samples[: samples.size // _STRETCH * _STRETCH].reshape(-1, _STRETCH)
    if not whole.size:
        return True
    power = np.square(whole - whole.mean(axis=1, keepdims=True)).mean(axis=1)
    return bool(power.max() < 10 ** (_FAINT_DB / 10))


def is_invented(no_speech: float, score: float) -> bool:
    """Whether a reading is of nothing."""
    return no_speech > _NO_SPEECH and score < _UNSURE

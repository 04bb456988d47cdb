"""How fast a bundle decodes on this machine, roughly and in a second; `ingle bench` measures at length."""

import statistics
import time
from typing import Final

import numpy as np

from models.bundle import Bundle
from models.runner import Runner

_PROMPT: Final = 16
_WARM: Final = 4
_STEPS: Final = 24


def decode_rate(bundle: Bundle) -> float:
    """Tokens a second behind a short prompt, the likeliest token always taken; the median step counts.

    Loads the bundle and runs a few dozen steps.
    """
    runner = Runner(bundle.path, bundle.manifest)
    ids = np.arange(_PROMPT) % bundle.manifest.vocabulary_size
    took = []
    for step in range(_WARM + _STEPS):
        start = time.perf_counter()
        past = 0 if step == 0 else _PROMPT + step - 1
        (logits,) = runner.run(ids, past, ["logits"], asked=len(ids))
        ids = logits[0, -1:].argmax(axis=-1)
        took.append(time.perf_counter() - start)
    return 1 / statistics.median(took[_WARM:])

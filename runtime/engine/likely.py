"""How likely the model itself held what was said, and what else it might have said.

The natural logarithm of the softmax of its logits, as they came: before penalties, bias, temperature and filters, and
before a grammar's mask. So it says what the model thinks, not how it was asked. vLLM's `raw_logprobs` are the same, and
so is what llama-server tells when not asked for `post_sampling_probs`; OpenAI does not say.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from runtime.engine.filters import largest
from runtime.engine.request import Likely

MOST: Final = 20
"""Most tokens that are told beside the one that was said; OpenAI's bound."""


class Outlook:
    """What may come next, in the model's eyes: of one row of logits [V], which is not kept."""

    def __init__(self, logits: NDArray[np.float32], top: int) -> None:
        """Take the row before anything changes it; `top` of the likeliest tokens will be told."""
        with np.errstate(invalid="ignore"):  # the sampler says what is wrong with logits that are no numbers
            row = logits.astype(np.float64)
            row -= row.max()
            row -= np.log(np.exp(row).sum())
        self._row = row
        places = largest(logits, min(top, logits.size)) if top else np.empty(0, np.intp)
        self._top = tuple(sorted(places.tolist(), key=lambda token: (-row[token], token)))

    def of(self, token: int) -> Likely:
        """The token that was said, and the likeliest, ties by their ids."""
        return Likely(float(self._row[token]), tuple((each, float(self._row[each])) for each in self._top))

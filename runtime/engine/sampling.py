"""From logits to the next token id.

Penalties and bias come first, then temperature, top-k, top-p, min-p (the order of transformers' warpers), then
one draw. Each filter sees the distribution that the one before it left. Among equals the lowest id is first.

Knows one request's sampling parameters and what was said so far. Does not know the model.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from runtime.engine.filters import largest, nucleus, reach
from runtime.engine.penalties import Penalties
from runtime.engine.request import Sampling
from runtime.errors import CallerError, EngineError

GREEDY_BELOW: Final = 1e-5
"""A temperature below this is greedy: dividing by it overflows float32."""

_SEEDS: Final = 2**64


class Sampler:
    """Chooses tokens for one request."""

    def __init__(self, sampling: Sampling, prompt_ids: Sequence[int], vocabulary: int) -> None:
        self._sampling = sampling
        self._vocabulary = vocabulary
        self._penalties = Penalties(sampling, prompt_ids)
        self._random = np.random.Generator(np.random.PCG64(sampling.seed))

    def accept(self, token: int) -> None:
        """Say which token was taken, so that it can be penalised when it comes again."""
        self._penalties.accept(token)

    def __call__(self, logits: NDArray[np.float32]) -> int:
        """Choose from logits [V], which are overwritten.

        Raises:
            EngineError: not one logit a token, a logit that is not a number, or no possible token left.
        """
        if logits.shape != (self._vocabulary,):
            raise EngineError(
                f"logits have shape {logits.shape}, the vocabulary {self._vocabulary}; verify the bundle"
            )
        self._penalties.apply(logits)
        best = int(logits.argmax())  # the first of equals; a NaN counts as the largest
        top = float(logits[best])
        if not math.isfinite(top):
            raise EngineError(f"the model's largest logit is {top}; verify the bundle, then report this")
        if self._sampling.temperature < GREEDY_BELOW:
            return best
        return self._draw(logits, top)

    def _draw(self, logits: NDArray[np.float32], top: float) -> int:
        sampling = self._sampling
        logits -= np.float32(top)
        logits *= np.float32(1.0 / sampling.temperature)
        ids: NDArray[np.intp] | None = None
        if 0 < sampling.top_k < logits.size:
            ids = largest(logits, sampling.top_k)
            logits = logits[ids]
        weights = np.exp(logits, out=logits)  # the likeliest has weight 1: nothing overflows
        if sampling.top_p < 1.0:
            kept = nucleus(weights, sampling.top_p)
            ids, weights = kept if ids is None else ids[kept], weights[kept]
        if sampling.min_p > 0.0:
            kept = np.flatnonzero(weights >= np.float32(sampling.min_p))
            ids, weights = kept if ids is None else ids[kept], weights[kept]
        place = reach(weights, self._random.random(), side="right")
        return place if ids is None else int(ids[place])


def check_sampling(sampling: Sampling, vocabulary: int) -> None:
    """Refuse what no model can be sampled with.

    Raises:
        CallerError: a parameter out of its range, or not a number; `param` is its name.
    """
    _within("temperature", sampling.temperature, 0.0, 5.0)
    _within("top_k", sampling.top_k, 0, math.inf)
    _within("top_p", sampling.top_p, 0.0, 1.0, open_below=True)
    _within("min_p", sampling.min_p, 0.0, 1.0)
    _within("repetition_penalty", sampling.repetition_penalty, 0.01, 10.0)
    _within("presence_penalty", sampling.presence_penalty, -2.0, 2.0)
    _within("frequency_penalty", sampling.frequency_penalty, -2.0, 2.0)
    if sampling.seed is not None and not 0 <= sampling.seed < _SEEDS:
        raise CallerError(f"seed is {sampling.seed}; give a whole number from 0 to 2**64 - 1", param="seed")
    for token, bias in sampling.logit_bias.items():
        if not 0 <= token < vocabulary:
            raise CallerError(
                f"logit_bias names token {token}; this model's ids end at {vocabulary - 1}",
                param="logit_bias",
            )
        _within("logit_bias", bias, -100.0, 100.0)


def _within(param: str, value: float, low: float, high: float, *, open_below: bool = False) -> None:
    """Refuse a value outside low..high, NaN too, which is outside everything."""
    if low <= value <= high and not (open_below and value == low):
        return
    above = f"above {low:g}" if open_below else f"at least {low:g}"
    below = "" if high == math.inf else f" and at most {high:g}"
    raise CallerError(f"{param} is {value}; it must be {above}{below}", param=param)

"""What makes a token more or less likely before anything is drawn: penalties and the caller's bias.

Knows which ids stand in prompt and answer, and how often. Touches only the logits of those ids, so a step
costs what was said, not what could be said.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from runtime.engine.request import Sampling

_ROOM = 256
"""Distinct ids to make room for at first; doubled when full."""


class Penalties:
    """Changes logits in place. `accept` tells it what was chosen."""

    def __init__(self, sampling: Sampling, prompt_ids: Sequence[int]) -> None:
        self._sampling = sampling
        bias = sampling.logit_bias
        self._bias_ids = np.fromiter(bias.keys(), dtype=np.int64, count=len(bias))
        self._bias = np.fromiter(bias.values(), dtype=np.float32, count=len(bias))
        self._repeats = sampling.repetition_penalty != 1.0
        self._counts_matter = sampling.presence_penalty != 0.0 or sampling.frequency_penalty != 0.0
        self._seen = _Tally(prompt_ids if self._repeats else ())
        self._answer = _Tally(())

    def accept(self, token: int) -> None:
        """Count one token of the answer."""
        if self._repeats:
            self._seen.add(token)
        if self._counts_matter:
            self._answer.add(token)

    def apply(self, logits: NDArray[np.float32]) -> None:
        """Repetition first, then presence and frequency, then bias."""
        sampling = self._sampling
        if self._repeats:
            ids, penalty = self._seen.ids, np.float32(sampling.repetition_penalty)
            values = logits[ids]
            logits[ids] = np.where(values > 0, values / penalty, values * penalty)
        if self._counts_matter:
            counts = self._answer.counts
            once = np.float32(sampling.presence_penalty)
            logits[self._answer.ids] -= once + counts * np.float32(sampling.frequency_penalty)
        if self._bias.size:
            logits[self._bias_ids] += self._bias


class _Tally:
    """Distinct ids with their counts, as arrays that grow."""

    def __init__(self, ids: Iterable[int]) -> None:
        distinct, counts = np.unique(np.fromiter(ids, dtype=np.int64), return_counts=True)
        self._size = distinct.size
        self._ids = np.zeros(self._size + _ROOM, dtype=np.int64)
        self._counts = np.zeros(self._size + _ROOM, dtype=np.float32)
        self._ids[: self._size] = distinct
        self._counts[: self._size] = counts
        self._place = {token: place for place, token in enumerate(distinct.tolist())}

    @property
    def ids(self) -> NDArray[np.int64]:
        return self._ids[: self._size]

    @property
    def counts(self) -> NDArray[np.float32]:
        return self._counts[: self._size]

    def add(self, token: int) -> None:
        place = self._place.setdefault(token, self._size)
        if place == self._size:
            if self._size == self._ids.size:
                self._ids = np.concatenate((self._ids, np.zeros_like(self._ids)))
                self._counts = np.concatenate((self._counts, np.zeros_like(self._counts)))
            self._ids[place] = token
            self._size += 1
        self._counts[place] += 1

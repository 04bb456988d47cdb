"""How likely each of several continuations is, by prefill alone: a generator of events and of work.

Options are computed in order, each from where it leaves the one before, so that what several begin with is computed
once, or a little of it again where going back takes copies, of which few are held. An option's last token is never run:
its likelihood is known before. Knows token ids; does not know what they mean, nor how lengths are to be weighed against
each other.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from runtime.engine.places import Places
from runtime.engine.prefill import prefill
from runtime.engine.prefix import common_prefix
from runtime.engine.request import Done, FinishReason, Score, Scored, ScoreEvent, ScoreRequest, Timings, Usage
from runtime.engine.snapshots import cuts
from runtime.engine.work import Ended, Lease, Steps, Work

Ids = tuple[int, ...]

_ROWS: Final = 32
"""Most logits rows asked for at once: each takes the whole vocabulary's memory."""


def score(request: ScoreRequest, lease: Lease, *, submitted: float, chunk: int) -> Steps[ScoreEvent, None]:
    """Yield Prefill as for an answer, Scored for each option in any order, then one Done; and work between them.

    `submitted` is a `time.monotonic` stamp. Done says "stop" when all were scored. Its usage counts the tokens that the
    options took as the prompt's.
    """
    started = time.monotonic()
    walk = _Walk(_Options(request.options), lease, len(request.prompt_ids), min(chunk, _ROWS))
    reason: FinishReason = "stop"
    try:
        prompt = yield from prefill(request, lease, chunk)
        walk.options.note((), prompt.row)
        yield from walk.steps()
    except Ended as ended:
        reason = ended.reason
    timings = Timings(started - submitted, time.monotonic() - started, 0.0, 0.0)
    usage = Usage(len(request.prompt_ids) + walk.computed, lease.claim.cached, 0)
    yield Done(reason, usage, timings)


class _Options:
    """What is asked about, as one tree, and what is known of it."""

    def __init__(self, options: Sequence[Ids]) -> None:
        self._options = options
        self._after: dict[Ids, set[int]] = defaultdict(set)
        for option in options:
            for length, token in enumerate(option):
                self._after[option[:length]].add(token)
        self._known: dict[Ids, Mapping[int, float]] = {}

    @property
    def ordered(self) -> list[Ids]:
        """Each once, those beside each other that begin alike."""
        return sorted(set(self._options))

    def branches(self, option: Ids) -> list[int]:
        """Lengths of the option's beginnings that later ones go on from, ascending; the last token is not run."""
        return [n for n in range(1, len(option)) if option[n] < max(self._after[option[:n]])]

    def note(self, begun: Ids, row: NDArray[np.float32]) -> None:
        """Remember of logits [V] what is asked about behind this beginning."""
        top = float(row.max())
        total = top + float(np.log(np.exp(row - np.float32(top)).sum(dtype=np.float64)))
        self._known[begun] = {token: float(row[token]) - total for token in self._after[begun]}

    def scores(self, option: Ids) -> Iterator[Scored]:
        """The score of an option of which all is known, for each place that it has in the request."""
        logprob = sum(self._known[option[:length]][token] for length, token in enumerate(option))
        for place, each in enumerate(self._options):
            if each == option:
                yield Scored(place, Score(logprob, len(option)))


class _Walk:
    """The way through the options behind a prompt, which leaves the cache with the prompt alone."""

    def __init__(self, options: _Options, lease: Lease, base: int, chunk: int) -> None:
        self.options = options
        self.computed = 0
        """Tokens of options that were run."""
        self._lease, self._base, self._chunk = lease, base, chunk
        self._places: Places | None = None

    def steps(self) -> Steps[Scored, None]:
        """Run each option from where it leaves the one before."""
        cache = self._lease.slot.cache
        begun: Ids = ()
        if cache.forgetful:
            self._places = Places(cache)
        for option in self.options.ordered:
            inner = option[:-1]
            known = common_prefix(begun, inner)
            start = self._go_back(known) if known < len(begun) else known
            yield from self._run(option, start, known)
            begun = inner
            yield from self.options.scores(option)
        self._go_back(0)

    def _run(self, option: Ids, start: int, known: int) -> Steps[Scored, None]:
        """Run what is left of an option but its last token, from `start` on; what follows up to `known` is known."""
        inner, places = option[:-1], self._places
        branches = [length for length in self.options.branches(option) if length > start]
        stops = [] if places is None else places.worth(branches)
        for end in cuts(start, len(inner), self._chunk, stops):
            part = inner[start:end]
            asked = tuple(range(max(0, known - start), len(part)))
            rows = yield Work(part, asked)
            for place, row in zip(asked, rows, strict=True):
                self.options.note(inner[: start + place + 1], row)
            self.computed, start = self.computed + len(part), end
            if places is not None and end in stops:
                places.keep()

    def _go_back(self, length: int) -> int:
        """Leave so much of the last option, or less where the cache cannot; return how much."""
        if self._places is None:
            left = self._lease.slot.cache.trim(self._base + length) - self._base
        else:
            left = self._places.go_back(length)
        del self._lease.claim.held.ids[self._base + left :]
        return left

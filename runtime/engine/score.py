"""How likely each of several continuations is, by prefill alone: a generator of events on one thread.

Options are computed in order, each from where it leaves the one before, so that what several begin with is computed
once. An option's last token is never run: its likelihood is known before. Knows token ids; does not know what they
mean, nor how lengths are to be weighed against each other.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from runtime.engine.prefill import Lease, Run, ending, prefill
from runtime.engine.prefix import common_prefix
from runtime.engine.request import Done, FinishReason, Score, Scored, ScoreEvent, ScoreRequest, Timings, Usage
from runtime.engine.snapshots import cuts

Ids = tuple[int, ...]

_ROWS: Final = 32
"""Most logits rows asked for at once: each takes the whole vocabulary's memory."""


def score(
    request: ScoreRequest,
    lease: Lease,
    *,
    submitted: float,
    chunk: int,
    cancelled: Callable[[], bool],
) -> Iterator[ScoreEvent]:
    """Yield Prefill as for an answer, Scored for each option in any order, then one Done.

    `submitted` is a `time.monotonic` stamp. Done says "stop" when all were scored. Its usage counts the tokens that the
    options took as the prompt's.

    Raises:
        EngineError: onnxruntime failed.
    """
    started = time.monotonic()
    run = Run(lease, min(chunk, _ROWS), ending(request.deadline_s, submitted, cancelled))
    prompt = yield from prefill(request, Run(lease, chunk, run.ended))
    computed, reason = 0, prompt.reason
    if prompt.row is not None:
        options = _Options(request.options)
        options.note((), prompt.row)
        computed, reason = yield from _walk(options, run, len(request.prompt_ids))
    finished = time.monotonic()
    timings = Timings(started - submitted, finished - started, 0.0, 0.0)
    usage = Usage(len(request.prompt_ids) + computed, lease.claim.cached, 0)
    yield Done(reason or "stop", usage, timings)


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
        """Lengths of the option's beginnings that others go on from, ascending; the last token is not run."""
        return [length for length in range(1, len(option)) if len(self._after[option[:length]]) > 1]

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


def _walk(
    options: _Options, run: Run, base: int
) -> Generator[ScoreEvent, None, tuple[int, FinishReason | None]]:
    """Run the options behind the prompt's `base` tokens, and leave the cache with the prompt alone."""
    slot, ids = run.lease.slot, run.lease.claim.held.ids
    cache = slot.cache
    begun: Ids = ()
    places = {0: cache.snapshot()}
    computed = 0

    def go_back(length: int) -> None:
        if cache.forgetful:
            cache.restore(places[length])
        else:
            cache.trim(base + length)
        del ids[base + length :]

    for option in options.ordered:
        inner = option[:-1]
        length = common_prefix(begun, inner)
        if length < len(begun):
            go_back(length)
        stops = [stop for stop in options.branches(option) if stop > length] if cache.forgetful else []
        places = {place: snapshot for place, snapshot in places.items() if place <= length}
        for end in cuts(length, len(inner), run.chunk, stops):
            if (reason := run.ended()) is not None:
                return computed, reason
            part = inner[length:end]
            for offset, row in enumerate(run.rows(part, range(len(part)))):
                options.note(inner[: length + offset + 1], row)
            computed, length = computed + len(part), end
            if end in stops:
                places[end] = cache.snapshot()
        begun = inner
        yield from options.scores(option)
    go_back(0)
    return computed, None

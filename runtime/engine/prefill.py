"""The prompt's way into a cache: what generating and scoring have in common. A generator of events and of work.

Knows chunks and snapshots. Does not know which tokens come next, nor why.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from runtime.engine.request import Prefill, Request, ScoreRequest
from runtime.engine.snapshots import cuts, marks
from runtime.engine.work import Lease, Logits, Steps, Work


@dataclass(frozen=True, slots=True)
class Prompt:
    """What prefill leaves: the logits [V] behind prompt and opening, and when that was (`time.monotonic`)."""

    row: Logits
    finished: float


def prefill(
    request: Request | ScoreRequest,
    lease: Lease,
    chunk: int,
    opening: Sequence[int] = (),
    among: tuple[int, ...] = (),
) -> Steps[Prefill, Prompt]:
    """Have run what is not cached of the prompt, in chunks; keep snapshots on the way, where the model needs them.

    What the answer has to begin with, of which nothing is cached, rides along with the prompt's end. `among` are the
    ids that can follow it, if they are few.
    """
    cache, claim = lease.slot.cache, lease.claim
    cached, total = claim.cached, len(request.prompt_ids)
    tokens = (*request.prompt_ids, *opening)
    stops = marks(cached, claim.shared, total, request.stable) if cache.forgetful else ()
    yield Prefill(cached, total, cached)
    begin, row = cached, None
    for end in cuts(cached, len(tokens), chunk, stops):
        part = tokens[begin:end]
        rows = yield Work(part, (len(part) - 1,), among) if end == len(tokens) else Work(part)
        if end < total:
            cache.keep(branch=end in {claim.shared, request.stable})
        row = rows[0] if end == len(tokens) else None
        finished = time.monotonic()
        yield Prefill(min(end, total), total, cached)
        begin = end
    if row is None:
        raise RuntimeError("nothing of the prompt was left to run")
    return Prompt(row, finished)

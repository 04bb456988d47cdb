"""The prompt's way into a cache, and every run behind it: what generating and scoring have in common.

Knows slots, chunks and snapshots. Does not know which tokens come next, nor why.
"""

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from runtime.engine.prefix import Claim
from runtime.engine.request import FinishReason, Prefill, Request, ScoreRequest
from runtime.engine.session import Slot
from runtime.engine.snapshots import cuts, marks


@dataclass(frozen=True, slots=True)
class Lease:
    """A slot for the time of one request, its cache taken to what the claim says is cached."""

    slot: Slot
    claim: Claim


Logits = NDArray[np.float32]
Ended = Callable[[], FinishReason | None]
"""Why to stop between two runs, if at all."""


def ending(deadline_s: float | None, submitted: float, cancelled: Callable[[], bool]) -> Ended:
    """What ends a request that was submitted at that `time.monotonic`."""

    def ended() -> FinishReason | None:
        if cancelled():
            return "cancelled"
        late = deadline_s is not None and time.monotonic() >= submitted + deadline_s
        return "deadline" if late else None

    return ended


@dataclass(frozen=True, slots=True)
class Run:
    """Where tokens are run, how many at once, and what ends it."""

    lease: Lease
    chunk: int
    ended: Ended

    def __call__(self, tokens: Sequence[int], *, asked: bool) -> Logits | None:
        """Run at most a chunk of tokens behind what is there; the logits behind the last, if asked for.

        They are the slot's own memory, and valid until its next run.

        Raises:
            EngineError: onnxruntime failed.
        """
        row = None
        if asked and len(tokens) == 1:
            row = self.lease.slot.step(tokens[0])
            self.lease.claim.held.ids.extend(tokens)
        else:
            rows = self.rows(tokens, [len(tokens) - 1] if asked else [])
            row = rows[0] if asked else None
        return row

    def rows(self, tokens: Sequence[int], asked: Sequence[int]) -> Logits:
        """Run at most a chunk of tokens; the logits [len(asked), V] behind those at these places.

        Raises:
            EngineError: onnxruntime failed.
        """
        places = np.array(asked, dtype=np.int64)
        rows = self.lease.slot.prefill(np.array(tokens, dtype=np.int64), asked=places)
        self.lease.claim.held.ids.extend(tokens)
        return rows


@dataclass(frozen=True, slots=True)
class Prompt:
    """How prefill ended: with the logits behind prompt and opening, or before for a reason."""

    row: Logits | None
    reason: FinishReason | None
    finished: float


def prefill(
    request: Request | ScoreRequest, run: Run, opening: Sequence[int] = ()
) -> Generator[Prefill, None, Prompt]:
    """Run what is not cached of the prompt, in chunks; keep snapshots on the way, where the model needs them.

    What the answer has to begin with, of which nothing is cached, rides along with the prompt's end.
    """
    slot, claim = run.lease.slot, run.lease.claim
    ids, total = claim.held.ids, len(request.prompt_ids)
    tokens = (*request.prompt_ids, *opening)
    finished = time.monotonic()
    row = None
    stops = marks(claim.cached, claim.shared, total, request.stable) if slot.cache.forgetful else ()
    yield Prefill(len(ids), total, claim.cached)
    for end in cuts(len(ids), len(tokens), run.chunk, stops):
        if (reason := run.ended()) is not None:
            return Prompt(None, reason, finished)
        row = run(tokens[len(ids) : end], asked=end == len(tokens))
        if end < total:
            slot.cache.keep(branch=end in {claim.shared, request.stable})
        finished = time.monotonic()
        yield Prefill(min(end, total), total, claim.cached)
    return Prompt(row, None, finished)

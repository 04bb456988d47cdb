"""The decode loop over token ids, as a generator of events on one thread.

Knows the order of prefill, sampling and decode, and when to stop. Does not know threads, queues or text: the caller
steps it, and stops stepping it to cancel.
"""

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from runtime.engine.prefix import Claim
from runtime.engine.request import Done, Event, FinishReason, Prefill, Request, Timings, Token, Usage
from runtime.engine.sampling import Sampler
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


def generate(
    request: Request,
    lease: Lease,
    *,
    submitted: float,
    vocabulary: int,
    chunk: int,
    cancelled: Callable[[], bool],
) -> Iterator[Event]:
    """Yield Prefill at the start and per chunk, Token per token, then one Done.

    `submitted` is a `time.monotonic` stamp.

    Raises:
        EngineError: onnxruntime failed, or gave logits that are not numbers.
    """
    started = time.monotonic()
    deadline = None if request.deadline_s is None else submitted + request.deadline_s

    def ended() -> FinishReason | None:
        if cancelled():
            return "cancelled"
        return "deadline" if deadline is not None and time.monotonic() >= deadline else None

    sampler = Sampler(request.sampling, request.prompt_ids, vocabulary)
    prompt = yield from _prefill(request, lease, chunk=chunk, ended=ended)
    run_prefill = lease.slot.run_seconds
    produced, reason = 0, prompt.reason
    if prompt.row is not None:
        produced, reason = yield from _decode(request, lease, sampler, prompt.row, ended=ended)
    finished = time.monotonic()
    timings = Timings(
        queued_s=started - submitted,
        prefill_s=prompt.finished - started,
        decode_s=finished - prompt.finished,
        overhead_s=max(0.0, finished - prompt.finished - (lease.slot.run_seconds - run_prefill)),
    )
    yield Done(reason or "stop", Usage(len(request.prompt_ids), lease.claim.cached, produced), timings)


@dataclass(frozen=True, slots=True)
class _Prompt:
    """How prefill ended: with the logits behind the prompt, or before for a reason."""

    row: Logits | None
    reason: FinishReason | None
    finished: float


def _prefill(request: Request, lease: Lease, *, chunk: int, ended: Ended) -> Generator[Event, None, _Prompt]:
    """Run what is not cached of the prompt, in chunks; keep snapshots on the way, where the model needs them."""
    slot, claim = lease.slot, lease.claim
    ids, total = claim.held.ids, len(request.prompt_ids)
    prompt = np.array(request.prompt_ids, dtype=np.int64)
    finished = time.monotonic()
    stops = marks(claim.cached, claim.shared, total, request.stable) if slot.cache.forgetful else ()
    yield Prefill(len(ids), total, claim.cached)
    for end in cuts(len(ids), total, chunk, stops):
        if (reason := ended()) is not None:
            return _Prompt(None, reason, finished)
        part = prompt[len(ids) : end]
        asked = np.array([len(part) - 1] if end == total else [], dtype=np.int64)
        logits = slot.prefill(part, asked=asked)
        ids.extend(part.tolist())
        if end < total:
            slot.cache.keep(branch=end in {claim.shared, request.stable})
        finished = time.monotonic()
        yield Prefill(len(ids), total, claim.cached)
    return _Prompt(logits[0], None, finished)


def _decode(
    request: Request, lease: Lease, sampler: Sampler, row: Logits, *, ended: Ended
) -> Generator[Event, None, tuple[int, FinishReason]]:
    """Choose a token, tell it, run it; return how many were told and why no more."""
    slot, ids = lease.slot, lease.claim.held.ids
    produced = 0
    while True:
        token = sampler(row)
        if token in request.stop_ids:
            return produced, "stop"
        sampler.accept(token)
        produced += 1
        yield Token(token)
        reason = "length" if produced >= request.max_tokens else ended()
        if reason is not None:
            return produced, reason
        row = slot.step(token)
        ids.append(token)

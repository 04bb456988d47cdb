"""The decode loop over token ids, as a generator of events on one thread.

Knows the order of prefill, sampling and decode, and when to stop. Does not know threads, queues or text: the caller
steps it, and stops stepping it to cancel.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from runtime.engine.prefix import Held
from runtime.engine.request import Done, Event, FinishReason, Prefill, Request, Timings, Token, Usage
from runtime.engine.sampling import Sampler
from runtime.engine.session import Slot


@dataclass(frozen=True, slots=True)
class Lease:
    """A slot for the time of one request."""

    slot: Slot
    held: Held
    cached: int


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
    slot, ids = lease.slot, lease.held.ids

    def ended() -> FinishReason | None:
        if cancelled():
            return "cancelled"
        return "deadline" if deadline is not None and time.monotonic() >= deadline else None

    sampler = Sampler(request.sampling, request.prompt_ids, vocabulary)
    prompt = np.array(request.prompt_ids, dtype=np.int64)
    total = len(prompt)
    produced = 0
    reason: FinishReason | None = None
    logits = None
    prefilled = started
    yield Prefill(len(ids), total, lease.cached)
    while len(ids) < total and (reason := ended()) is None:
        part = prompt[len(ids) : len(ids) + chunk]
        last = len(ids) + len(part) == total
        asked = np.array([len(part) - 1] if last else [], dtype=np.int64)
        logits = slot.prefill(part, len(ids), asked=asked)
        ids.extend(part.tolist())
        prefilled = time.monotonic()
        yield Prefill(len(ids), total, lease.cached)
    run_prefill = slot.run_seconds
    row = None if logits is None or reason is not None else logits[0]
    while reason is None and row is not None:
        token = sampler(row)
        if token in request.stop_ids:
            reason = "stop"
            break
        sampler.accept(token)
        produced += 1
        yield Token(token)
        reason = "length" if produced >= request.max_tokens else ended()
        if reason is None:
            row = slot.step(token, len(ids))
            ids.append(token)
    finished = time.monotonic()
    timings = Timings(
        queued_s=started - submitted,
        prefill_s=prefilled - started,
        decode_s=finished - prefilled,
        overhead_s=max(0.0, finished - prefilled - (slot.run_seconds - run_prefill)),
    )
    yield Done(reason or "stop", Usage(total, lease.cached, produced), timings)

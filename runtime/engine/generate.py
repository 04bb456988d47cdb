"""The decode loop over token ids, as a generator of events on one thread.

Knows the order of prefill, sampling and decode, and when to stop. Does not know threads, queues or text: the caller
steps it, and stops stepping it to cancel.
"""

import time
from collections.abc import Callable, Generator, Iterator, Sequence

from runtime.engine.prefill import Lease, Logits, Run, ending, prefill
from runtime.engine.request import Done, Event, FinishReason, Request, Timings, Token, Usage
from runtime.engine.speaking import Speaker


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
        CallerError: the request's grammar took too much work on the way.
    """
    started = time.monotonic()
    speaker = Speaker(request, vocabulary)
    opening = speaker.opening()
    run = Run(lease, chunk, ending(request.deadline_s, submitted, cancelled))
    prompt = yield from prefill(request, run, opening)
    run_prefill = lease.slot.run_seconds
    produced, reason = 0, prompt.reason
    if reason is None:
        produced, reason = yield from _decode(speaker, run, opening, prompt.row)
    finished = time.monotonic()
    timings = Timings(
        queued_s=started - submitted,
        prefill_s=prompt.finished - started,
        decode_s=finished - prompt.finished,
        overhead_s=max(0.0, finished - prompt.finished - (lease.slot.run_seconds - run_prefill)),
    )
    yield Done(reason or "stop", Usage(len(request.prompt_ids), lease.claim.cached, produced), timings)


def _decode(
    speaker: Speaker, run: Run, opening: Sequence[int], row: Logits | None
) -> Generator[Event, None, tuple[int, FinishReason]]:
    """Tell the opening, which has been run; then choose, tell and run; return how many were told and why no more."""
    yield from map(Token, opening)
    told = len(opening)
    reason = speaker.ended or run.ended()
    while reason is None:
        if row is None:
            raise RuntimeError("the last tokens were run without asking for logits")
        fresh = speaker.next(row)
        reason = speaker.ended
        for start in range(0, len(fresh), run.chunk):
            part = fresh[start : start + run.chunk]
            yield from map(Token, part)
            told += len(part)
            last = start + len(part) == len(fresh)
            reason = (speaker.ended if last else None) or run.ended()
            if reason is not None:
                break
            row = run(part, asked=last)
    return told, reason

"""The decode loop over token ids, as a generator of events and of work.

Knows the order of prefill, sampling and decode, and when to stop. Does not know threads, queues or text, nor what runs
beside it: the driver runs its work, or throws `Ended` into it.
"""

import time
from collections.abc import Iterator, Sequence

from runtime.engine.prefill import prefill
from runtime.engine.request import Done, Event, FinishReason, Request, Timings, Token, Usage
from runtime.engine.speaking import Speaker
from runtime.engine.work import Ended, Lease, Logits, Steps, Work


def generate(
    request: Request, lease: Lease, *, submitted: float, vocabulary: int, chunk: int
) -> Steps[Event, None]:
    """Yield Prefill at the start and per chunk, Token per token, then one Done; and work between them.

    `submitted` is a `time.monotonic` stamp.

    Raises:
        EngineError: the logits are not numbers.
        CallerError: the request's grammar took too much work on the way.
    """
    answer = _Answer(Speaker(request, vocabulary), chunk)
    started, prefilled, run_prefill = time.monotonic(), None, 0.0
    reason: FinishReason
    try:
        opening = answer.speaker.opening()
        prompt = yield from prefill(request, lease, chunk, opening)
        prefilled, run_prefill = prompt.finished, lease.slot.run_seconds
        reason = yield from answer.decode(opening, prompt.row)
    except Ended as ended:
        reason = ended.reason
    finished = time.monotonic()
    if prefilled is None:
        prefilled, run_prefill = finished, lease.slot.run_seconds
    decode_s = finished - prefilled
    timings = Timings(
        queued_s=started - submitted,
        prefill_s=prefilled - started,
        decode_s=decode_s,
        overhead_s=max(0.0, decode_s - (lease.slot.run_seconds - run_prefill)),
    )
    yield Done(reason, Usage(len(request.prompt_ids), lease.claim.cached, answer.told), timings)


class _Answer:
    """What is told of one answer."""

    def __init__(self, speaker: Speaker, chunk: int) -> None:
        self.speaker = speaker
        self.told = 0
        self._chunk = chunk

    def decode(self, opening: Sequence[int], row: Logits) -> Steps[Token, FinishReason]:
        """Tell the opening, which has been run; then choose, tell and have run, until a reason not to."""
        yield from self._tell(opening)
        while self.speaker.ended is None:
            fresh = self.speaker.next(row)
            yield from self._tell(fresh)
            if self.speaker.ended is None:
                row = yield from self._run(fresh)
        return self.speaker.ended

    def _tell(self, tokens: Sequence[int]) -> Iterator[Token]:
        for token in tokens:
            self.told += 1
            yield Token(token)

    def _run(self, tokens: Sequence[int]) -> Steps[Token, Logits]:
        """Have them run, in chunks; the logits [V] behind the last."""
        for start in range(0, len(tokens), self._chunk):
            part = tuple(tokens[start : start + self._chunk])
            last = start + len(part) == len(tokens)
            rows = yield Work(part, asked=(len(part) - 1,) if last else ())
        row: Logits = rows[0]
        return row

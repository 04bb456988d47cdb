"""The decode loop over token ids, as a generator of events and of work.

Knows the order of prefill, sampling and decode, how a draft is checked, and when to stop. Does not know threads, queues
or text, nor what runs beside it: the driver runs its work, or throws `Ended` into it.
"""

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Final

from runtime.engine.cache import Snapshot
from runtime.engine.prefill import prefill
from runtime.engine.prefix import common_prefix
from runtime.engine.request import Done, Event, FinishReason, Request, Timings, Token, Usage
from runtime.engine.speaking import Speaker
from runtime.engine.speculate import Drafter
from runtime.engine.work import Ended, Lease, Logits, Steps, Work

_KEPT_BYTES: Final = 8 << 20
"""Largest copy whose memory is kept from one draft to the next: it counts in no limit, and an answer can be long."""


@dataclass(frozen=True, slots=True)
class Drafting:
    """How one answer guesses at what follows: what is right was run with what had to be run anyway."""

    drafter: Drafter
    most: int
    """Tokens of a draft; 0 for none."""
    alone: Callable[[], bool]
    """Whether nobody waits while a draft is run."""


def generate(
    request: Request,
    lease: Lease,
    drafting: Drafting,
    *,
    submitted: float,
    vocabulary: int,
    chunk: int,
) -> Steps[Event, None]:
    """Yield Prefill at the start and per chunk, Token per token, then one Done; and work between them.

    `submitted` is a `time.monotonic` stamp.

    Raises:
        EngineError: the logits are not numbers.
        CallerError: the request's grammar took too much work on the way.
    """
    answer = _Answer(Speaker(request, vocabulary), lease, drafting, chunk)
    started, prefilled, run_prefill = time.monotonic(), None, 0.0
    reason: FinishReason
    try:
        opening = answer.speaker.opening()
        prompt = yield from prefill(request, lease, chunk, opening, answer.speaker.few())
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
        early=answer.told if answer.early is None else answer.early,
    )
    usage = Usage(len(request.prompt_ids), lease.claim.cached, answer.told, answer.drafted, answer.accepted)
    yield Done(reason, usage, timings)


class _Answer:
    """What is told of one answer, and how it gets ahead by guessing."""

    def __init__(self, speaker: Speaker, lease: Lease, drafting: Drafting, chunk: int) -> None:
        self.speaker = speaker
        self.told = self.drafted = self.accepted = 0
        self.early: int | None = None
        """Tokens told before the first step; None: none has been taken yet."""
        self._lease = lease
        self._drafting = drafting
        self._chunk = chunk
        self._copy: Snapshot | None = None
        """The last draft's, needed no more but for its memory."""

    def decode(self, opening: Sequence[int], row: Logits) -> Steps[Token, FinishReason]:
        """Tell the opening, which has been run; then choose, tell and have run, until a reason not to."""
        yield from self._tell(opening, chosen=0)
        fresh: Sequence[int] = () if self.speaker.ended else (yield from self._say(row))
        self.early = self.told
        while self.speaker.ended is None:
            fresh = yield from self._advance(fresh)
        return self.speaker.ended

    def _say(self, row: Logits) -> Generator[Token, Logits, Sequence[int]]:
        """Choose by logits, and tell."""
        fresh = self.speaker.next(row)
        yield from self._tell(fresh, chosen=1)
        return fresh

    def _tell(self, tokens: Sequence[int], *, chosen: int) -> Generator[Token, Logits, None]:
        """Tell tokens, of which so many were chosen and the rest had to follow."""
        for place, token in enumerate(tokens):
            self.told += 1
            self._drafting.drafter.said(token, forced=place >= chosen)
            yield Token(token, self.speaker.likely)

    def _advance(self, tokens: Sequence[int]) -> Steps[Token, Sequence[int]]:
        """Have run what was told, with a guess at what follows; tell what follows, and return what of it is not run."""
        start = (len(tokens) - 1) // self._chunk * self._chunk
        for begin in range(0, start, self._chunk):
            yield Work(tuple(tokens[begin : begin + self._chunk]))
        part = tuple(tokens[start:])
        draft = self._draft(self._chunk - len(part))
        cache = self._lease.slot.cache
        before, copy = cache.tokens, None
        if draft and not cache.appends(len(part) + len(draft)):
            copy = cache.snapshot(self._copy)
            self._copy = copy if copy.nbytes <= _KEPT_BYTES else None
        asked = tuple(range(len(part) - 1, len(part) + len(draft)))
        rows = yield Work((*part, *draft), asked, among=() if draft else self.speaker.few())
        right = forced = 0
        while True:
            fresh = yield from self._say(rows[right])
            same = common_prefix(fresh, draft[right:])
            right += same
            forced += max(0, same - 1)
            if same < len(fresh) or self.speaker.ended:
                break
        again: Sequence[int] = ()
        if draft:
            self.drafted, self.accepted = self.drafted + len(draft), self.accepted + right
            self._drafting.drafter.verified(len(draft), right, forced=forced)
            again = self._go_back(before, part, draft, right, copy)
        return (*again, *fresh[same:])

    def _draft(self, most: int) -> tuple[int, ...]:
        """A guess at what follows, as far as it may be said; none where others would wait for it."""
        most = min(most, self._drafting.most, self.speaker.left - 1)
        if most < 1 or not self._drafting.alone():
            return ()
        draft = self._drafting.drafter.propose(most)
        return draft[: self.speaker.accepts(draft)] if draft else ()

    def _go_back(
        self, before: int, part: tuple[int, ...], draft: tuple[int, ...], right: int, copy: Snapshot | None
    ) -> Sequence[int]:
        """Take the cache to where so many tokens of the draft are right, or, where that takes a copy, to `before`.

        Return what has to be run again.
        """
        cache, ids = self._lease.slot.cache, self._lease.claim.held.ids
        if copy is None:
            cache.trim(before + len(part) + right)
        elif right < len(draft):
            cache.restore(copy)
        del ids[cache.tokens :]
        return (*part, *draft[:right])[cache.tokens - before :]

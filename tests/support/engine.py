"""An engine that plays a script instead of computing: for whatever stands in front of one.

It keeps every promise of `runtime.engine.interface.Engine` (order by priority, a bounded queue, deadlines,
cancellation within a token, draining) on the event loop alone, and is slow, or fails, where a test says so.
"""

import asyncio
import heapq
import math
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace

import numpy as np

from models.manifest import Manifest
from runtime.engine.constraint import Grammar
from runtime.engine.interface import EngineStats
from runtime.engine.request import (
    Done,
    Event,
    FinishReason,
    Likely,
    Prefill,
    Request,
    Score,
    ScoreRequest,
    Timings,
    Token,
    Usage,
)
from runtime.errors import BusyError, CallerError, IngleError, PromptTooLongError
from tests.support.manifest import tiny_manifest

Script = Sequence[int] | Callable[[Request], Sequence[int]]


@dataclass(eq=False)
class EngineSimulator:
    """Implements `Engine`. Plays `script` (ids, or a function of the request) and then stops of itself."""

    script: Script = ()
    loaded: Manifest = field(default_factory=tiny_manifest)
    queue_depth: int = 16
    queued_s: float = 0.0
    """Pause before the prompt is touched, while the slot is held."""
    prefill_s: float = 0.0
    """Pause before each chunk of the prompt."""
    prefill_chunk: int = 256
    token_s: float = 0.0
    """Pause before each token."""
    likes: Callable[[Sequence[int]], float] = lambda option: -float(len(option))
    """The score of an option."""
    fail_after: int | None = None
    """Raise `failure` in place of the token after so many."""
    failure: IngleError | None = None

    def __post_init__(self) -> None:
        self.requests: list[Request] = []
        """Every request that was accepted, in order of arrival."""
        self.abandoned = 0
        """Generators that were closed before their Done."""
        self.closed = False
        self._last: tuple[int, ...] = ()
        self._running = False
        self._draining = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._stop = asyncio.Event()
        self._turns: list[tuple[int, int, asyncio.Future[None]]] = []
        self._stats = EngineStats(0, 0, 0, 0, 0.0, 0.0, 0, 0)

    @property
    def manifest(self) -> Manifest:
        return self.loaded

    @property
    def context(self) -> int:
        return self.loaded.context_length

    @property
    def stats(self) -> EngineStats:
        return replace(self._stats, running=int(self._running), waiting=len(self._turns))

    async def generate(self, request: Request) -> AsyncGenerator[Event, None]:
        self._check(request)
        play = _Play(request, asyncio.get_running_loop().time())
        self.requests.append(request)
        try:
            if not await self._turn(play):
                play.finished = True
                yield self._done(play, "deadline")
                return
            try:
                async with aclosing(self._play(play)) as events:
                    async for event in events:
                        yield event
            finally:
                self._give_up_slot()
        finally:
            self.abandoned += not play.finished

    async def score(self, request: ScoreRequest) -> tuple[Score, ...]:
        return tuple(Score(self.likes(option), len(option)) for option in request.options)

    async def close(self, *, drain_s: float = 0.0) -> None:
        self._draining = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), drain_s)
        self._stop.set()
        self.closed = True

    def _check(self, request: Request) -> None:
        manifest = self.loaded
        if not request.prompt_ids:
            raise CallerError("the prompt is empty; send at least one token", param="messages")
        if not all(0 <= token < manifest.vocabulary_size for token in request.prompt_ids):
            raise CallerError(f"a prompt token is outside the vocabulary of {manifest.vocabulary_size}")
        if len(request.prompt_ids) + request.max_tokens > manifest.context_length:
            raise PromptTooLongError(len(request.prompt_ids), request.max_tokens, manifest.context_length)
        if self._draining:
            raise BusyError("the appliance is shutting down; ask again in a minute")
        if self._running and len(self._turns) >= self.queue_depth:
            raise BusyError(f"{self.queue_depth} requests are waiting already; ask again in a few seconds")

    async def _turn(self, play: "_Play") -> bool:
        """Wait for the slot; False when the deadline comes first."""
        if not self._running:
            self._running = True
            self._idle.clear()
            return True
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (int(play.request.priority), len(self.requests), turn)
        heapq.heappush(self._turns, entry)
        try:
            # Not `wait_for`, which in Python 3.11 forgets a cancellation that comes with what was waited for.
            async with asyncio.timeout(play.left()):
                await turn
        except TimeoutError:
            return False
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the slot came in the same moment
                self._give_up_slot()
            raise
        finally:
            if entry in self._turns:
                self._turns.remove(entry)
                heapq.heapify(self._turns)
        return True

    def _give_up_slot(self) -> None:
        """Hand it to the most urgent of those who still wait."""
        while self._turns:
            _, _, turn = heapq.heappop(self._turns)
            if not turn.done():
                turn.set_result(None)
                return
        self._running = False
        self._idle.set()

    async def _play(self, play: "_Play") -> AsyncGenerator[Event, None]:
        request, total = play.request, len(play.request.prompt_ids)
        play.cached = min(_common(self._last, request.prompt_ids), total - 1)
        play.queued_s = play.elapsed()
        reason = await self._pause(self.queued_s, play)
        for done in range(play.cached, total, self.prefill_chunk):
            if reason := reason or await self._pause(self.prefill_s, play):
                break
            yield Prefill(min(done + self.prefill_chunk, total), total, play.cached)
        play.prefill_s = play.elapsed() - play.queued_s
        if reason is None:
            wanted = self.script(request) if callable(self.script) else self.script
            for token in wanted if request.grammar is None else self._led(request, request.grammar, wanted):
                if reason := await self._pause(self.token_s, play):
                    break
                if self.failure is not None and len(play.answer) == self.fail_after:
                    play.finished = True
                    raise self.failure
                if token in request.stop_ids:
                    reason = "stop"
                    break
                play.answer.append(token)
                yield Token(token, _likely(token, request.logprobs))
                if len(play.answer) == request.max_tokens:
                    reason = "length"
                    break
        self._last = (*request.prompt_ids, *play.answer)
        play.finished = True
        yield self._done(play, reason or "stop")

    def _led(self, request: Request, grammar: Grammar, wanted: Sequence[int]) -> Iterator[int]:
        """What the script says where the grammar lets it, and then the end; else the first of what may come."""
        answer, left = grammar.begin(), list(wanted)
        while not answer.complete:
            logits = np.zeros(self.loaded.vocabulary_size, dtype=np.float32)
            for likely in left[:1] or request.stop_ids:
                logits[likely] = 1.0
            answer.restrict(logits)
            token = int(logits.argmax())
            if left and token == left[0]:
                left.pop(0)
            yield token
            if token not in request.stop_ids:
                answer.accept(token)

    async def _pause(self, seconds: float, play: "_Play") -> FinishReason | None:
        """Let others run, and say why to end, if there is a reason."""
        left = play.left()
        try:
            async with asyncio.timeout(seconds if left is None else min(seconds, left)):
                await self._stop.wait()
        except TimeoutError:
            left = play.left()
            return "deadline" if left is not None and left <= 0 else None
        return "cancelled"

    def _done(self, play: "_Play", reason: FinishReason) -> Done:
        usage = Usage(len(play.request.prompt_ids), play.cached, len(play.answer))
        early = min(1, len(play.answer))
        spent = play.elapsed()
        decode_s = spent - play.queued_s - play.prefill_s
        old = self._stats
        self._stats = replace(
            old,
            requests=old.requests + 1,
            prompt_tokens=old.prompt_tokens + usage.prompt,
            cached_tokens=old.cached_tokens + usage.cached,
            completion_tokens=old.completion_tokens + usage.completion,
            early_tokens=old.early_tokens + early,
            prefill_seconds=old.prefill_seconds + play.prefill_s,
            decode_seconds=old.decode_seconds + decode_s,
        )
        return Done(reason, usage, Timings(play.queued_s, play.prefill_s, decode_s, 0.0, early))


class _Play:
    """One request while it is played."""

    def __init__(self, request: Request, submitted: float) -> None:
        self.request = request
        self.answer: list[int] = []
        self.cached = 0
        self.queued_s = self.prefill_s = 0.0
        self.finished = False
        self._submitted = submitted

    def elapsed(self) -> float:
        return asyncio.get_running_loop().time() - self._submitted

    def left(self) -> float | None:
        deadline = self.request.deadline_s
        return None if deadline is None else max(0.0, deadline - self.elapsed())


def _likely(token: int, top: int | None) -> Likely | None:
    """Half as likely as certain, and the first ids after it, each half as likely as the one before."""
    if top is None:
        return None
    others = [each for each in range(top) if each != token]
    return Likely(
        -math.log(2), tuple((each, -(n + 1) * math.log(2)) for n, each in enumerate([token, *others][:top]))
    )


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """Length of the longest common prefix."""
    return next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )

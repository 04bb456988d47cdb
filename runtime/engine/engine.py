"""The engine: one worker thread that owns onnxruntime, behind a bounded queue.

Knows threads and the event loop of whoever asks. Does not know text or the network.
"""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self, assert_never

from models.manifest import Manifest
from runtime.engine.generate import generate
from runtime.engine.interface import EngineStats
from runtime.engine.prefill import Lease
from runtime.engine.prefix import PrefixIndex
from runtime.engine.prefix_file import digest_of
from runtime.engine.request import (
    Done,
    Event,
    Prefill,
    Request,
    Score,
    Scored,
    ScoreEvent,
    ScoreRequest,
    Timings,
    Token,
    Usage,
)
from runtime.engine.sampling import check_sampling
from runtime.engine.scheduler import Scheduler
from runtime.engine.score import score
from runtime.engine.session import Session, Slot
from runtime.engine.shelf import LEAST_TOKENS, Shelf
from runtime.errors import BusyError, CallerError, EngineError, IngleError, PromptTooLongError
from runtime.limits import Limits

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Job:
    """One request on its way through the worker."""

    request: Request | ScoreRequest
    submitted: float
    loop: asyncio.AbstractEventLoop
    events: asyncio.Queue[Event | ScoreEvent | IngleError] = field(default_factory=asyncio.Queue)
    cancelled: threading.Event = field(default_factory=threading.Event)
    lease: Lease | None = None
    steps: Iterator[Event | ScoreEvent] | None = None

    def send(self, event: Event | ScoreEvent | IngleError) -> None:
        """Hand an event to the asking loop; a loop that is gone no longer listens."""
        try:
            self.loop.call_soon_threadsafe(self.events.put_nowait, event)
        except RuntimeError:  # the loop was closed, as when a program exits in mid-answer
            self.cancelled.set()


class OnnxEngine:
    """Implements `runtime.engine.interface.Engine` with onnxruntime."""

    def __init__(self, session: Session, limits: Limits, *, prefixes: Path | None = None) -> None:
        self._session = session
        self._shelf = None if prefixes is None else _shelf(session, limits, prefixes)
        self._limits = limits
        room = limits.snapshot_bytes // limits.cache_slots
        self._slots: list[Slot] = [
            session.new_slot(snapshots=limits.snapshots, snapshot_bytes=room)
            for _ in range(limits.cache_slots)
        ]
        self._prefixes = PrefixIndex([slot.cache.reaches for slot in self._slots])
        self._scheduler: Scheduler[_Job] = Scheduler(slots=limits.cache_slots, depth=limits.queue_depth)
        self._stats = EngineStats(0, 0, 0, 0, 0.0, 0.0, 0, 0)
        self._wake = threading.Condition()
        self._draining = False
        self._stopped = False
        self._thread = threading.Thread(target=self._work, name="engine.worker", daemon=True)
        self._thread.start()

    @classmethod
    def load(
        cls,
        bundle: Path,
        manifest: Manifest,
        *,
        limits: Limits,
        threads: int | None = None,
        prefixes: Path | None = None,
    ) -> Self:
        """Load a bundle; blocks for as long as onnxruntime takes.

        Args:
            bundle: Its directory.
            manifest: Its manifest.
            limits: Bounds.
            threads: None: one for each physical core.
            prefixes: A directory of ours alone, for what prompts say to be stable; None keeps nothing on disk.

        Raises:
            BundleError: the bundle cannot be loaded or is not what its manifest says.
        """
        return cls(Session(bundle, manifest, threads=threads), limits, prefixes=prefixes)

    @property
    def manifest(self) -> Manifest:
        """The bundle that is loaded."""
        return self._session.manifest

    @property
    def stats(self) -> EngineStats:
        """Counters and gauges of this moment."""
        with self._wake:
            shelf = self._shelf
            return replace(
                self._stats,
                running=self._scheduler.begun,
                waiting=self._scheduler.waiting,
                restored=0 if shelf is None else shelf.restored,
                prefix_bytes=0 if shelf is None else shelf.size,
            )

    async def generate(self, request: Request) -> AsyncGenerator[Event, None]:
        """See `runtime.engine.interface.Engine.generate`."""
        self._check(request)
        async with aclosing(self._events(request)) as events:
            async for event in events:
                if not isinstance(event, Scored):
                    yield event

    async def score(self, request: ScoreRequest) -> tuple[Score, ...]:
        """See `runtime.engine.interface.Engine.score`."""
        self._check_options(request)
        scores: dict[int, Score] = {}
        async with aclosing(self._events(request)) as events:
            async for event in events:
                match event:
                    case Scored():
                        scores[event.option] = event.score
                    case Done("deadline" | "cancelled"):
                        raise BusyError(
                            "there was no time to compare all options; ask again in a few seconds"
                        )
                    case _:
                        pass
        return tuple(scores[place] for place in range(len(request.options)))

    async def _events(self, request: Request | ScoreRequest) -> AsyncGenerator[Event | ScoreEvent, None]:
        job = _Job(request, time.monotonic(), asyncio.get_running_loop())
        with self._wake:
            if self._draining:
                raise BusyError("the appliance is shutting down; ask again in a minute")
            if not self._scheduler.submit(job, request.priority):
                raise BusyError(
                    f"{self._limits.queue_depth} requests are waiting already; ask again in a few seconds"
                )
            self._wake.notify_all()
        try:
            while True:
                event = await self._next(job)
                yield event
                if isinstance(event, Done):
                    return
        finally:
            job.cancelled.set()
            with self._wake:
                self._scheduler.drop(job)

    async def _next(self, job: _Job) -> Event | ScoreEvent:
        """The job's next event; one still waiting in the queue at its deadline ends there."""
        limit = None
        if job.request.deadline_s is not None and job.lease is None:
            limit = max(0.0, job.submitted + job.request.deadline_s - time.monotonic())
        try:
            # Not `wait_for`, which in Python 3.11 forgets a cancellation that comes with the event.
            async with asyncio.timeout(limit):
                event = await job.events.get()
        except TimeoutError:
            with self._wake:
                unstarted = self._scheduler.drop(job)
            event = _unstarted(job) if unstarted else await job.events.get()
        if isinstance(event, IngleError):
            raise event
        return event

    def _check_ids(self, ids: Sequence[int], what: str) -> None:
        vocabulary = self.manifest.vocabulary_size
        if not ids:
            raise CallerError(f"{what} is empty; send at least one token", param="messages")
        if min(ids) < 0 or max(ids) >= vocabulary:
            raise CallerError(f"{what} has a token outside the vocabulary of {vocabulary}")

    def _check_options(self, request: ScoreRequest) -> None:
        self._check_ids(request.prompt_ids, "the prompt")
        if not 1 <= len(request.options) <= self._limits.choices:
            raise CallerError(f"{len(request.options)} options were sent; send 1 to {self._limits.choices}")
        for option in request.options:
            self._check_ids(option, "an option")
        longest = max(map(len, request.options))
        if len(request.prompt_ids) + longest > self.manifest.context_length:
            raise PromptTooLongError(len(request.prompt_ids), longest, self.manifest.context_length)

    def _check(self, request: Request) -> None:
        manifest = self.manifest
        self._check_ids(request.prompt_ids, "the prompt")
        if request.max_tokens < 1:
            raise CallerError("max_tokens must be at least 1", param="max_tokens")
        if len(request.prompt_ids) + request.max_tokens > manifest.context_length:
            raise PromptTooLongError(len(request.prompt_ids), request.max_tokens, manifest.context_length)
        check_sampling(request.sampling, manifest.vocabulary_size)

    async def close(self, *, drain_s: float = 0.0) -> None:
        """See `runtime.engine.interface.Engine.close`."""
        with self._wake:
            self._draining = True
        await asyncio.to_thread(self._stop, time.monotonic() + drain_s)

    def _stop(self, until: float) -> None:
        """Wait for the jobs there are, then for the worker; blocks."""
        with self._wake:
            while (left := until - time.monotonic()) > 0 and (
                self._scheduler.begun or self._scheduler.waiting
            ):
                self._wake.wait(left)
            self._stopped = True
            self._wake.notify_all()
        self._thread.join()
        if self._shelf is not None:
            self._shelf.close()

    def _work(self) -> None:
        """The worker thread: step the most urgent job, over and over."""
        while True:
            with self._wake:
                while not self._stopped and (chosen := self._scheduler.next()) is None:
                    self._wake.wait()
                if self._stopped:
                    break
                if chosen is None:
                    continue
                job, begins = chosen
            try:
                self._advance(job, begins=begins)
            except IngleError as exc:
                self._end(job, sound=False)
                job.send(exc)
            except Exception as exc:  # noqa: BLE001  our bug must not end the thread that serves everyone
                _log.exception("inference failed")
                self._end(job, sound=False)
                job.send(EngineError(f"inference failed: {exc!r}; report this with the log"))
        self._abandon()

    def _advance(self, job: _Job, *, begins: bool) -> None:
        if begins:
            job.lease = self._begin(job.request.prompt_ids)
            job.steps = self._steps(job, job.lease)
        if job.steps is None:
            raise EngineError("a job was stepped before it began")
        event = next(job.steps)
        match event:
            case Done():
                self._end(job, sound=True)
                self._count(event)
            case Prefill() | Token() | Scored():
                pass
            case _:
                assert_never(event)
        job.send(event)
        if isinstance(event, Done):
            self._keep_stable(job)

    def _steps(self, job: _Job, lease: Lease) -> Iterator[Event] | Iterator[ScoreEvent]:
        match job.request:
            case Request() as request:
                return generate(
                    request,
                    lease,
                    submitted=job.submitted,
                    vocabulary=self.manifest.vocabulary_size,
                    chunk=self._limits.prefill_chunk,
                    cancelled=job.cancelled.is_set,
                )
            case ScoreRequest() as request:
                return score(
                    request,
                    lease,
                    submitted=job.submitted,
                    chunk=self._limits.prefill_chunk,
                    cancelled=job.cancelled.is_set,
                )
            case _:
                assert_never(job.request)

    def _begin(self, prompt: Sequence[int]) -> Lease:
        """Find a prompt its slot, and bring what is computed of it into the slot's cache."""
        claim = self._prefixes.claim(prompt)
        slot, source = self._slots[claim.held.index], self._slots[claim.source.index].cache
        beyond = claim.cached + LEAST_TOKENS
        if self._shelf is not None:
            restored = self._shelf.restore(prompt, slot.cache, beyond=beyond)
            if restored is not None:
                return Lease(slot, self._prefixes.moved(claim, prompt, restored))
        if source is slot.cache:
            source.trim(claim.cached)
        else:
            slot.cache.adopt(source, claim.cached)
        return Lease(slot, claim)

    def _keep_stable(self, job: _Job) -> None:
        """Give what a prompt says to be stable to the shelf; the answer is out, and a copy is soon made."""
        stable = job.request.prompt_ids[: job.request.stable]
        if self._shelf is None or job.lease is None or len(stable) < LEAST_TOKENS:
            return
        cache = job.lease.slot.cache
        memory = sum(piece.nbytes for piece in cache.pieces(len(stable)))
        if (
            self._shelf.wants(stable, memory)
            and tuple(job.lease.claim.held.ids[: len(stable)]) == stable
            and (pieces := cache.copy(len(stable))) is not None
        ):
            self._shelf.store(stable, pieces)

    def _end(self, job: _Job, *, sound: bool) -> None:
        with self._wake:
            self._scheduler.finish(job)
            self._wake.notify_all()
        if job.lease is not None:
            self._prefixes.release(job.lease.claim.held, sound=sound)

    def _count(self, done: Done) -> None:
        with self._wake:
            old = self._stats
            self._stats = replace(
                old,
                requests=old.requests + 1,
                prompt_tokens=old.prompt_tokens + done.usage.prompt,
                cached_tokens=old.cached_tokens + done.usage.cached,
                completion_tokens=old.completion_tokens + done.usage.completion,
                prefill_seconds=old.prefill_seconds + done.timings.prefill_s,
                decode_seconds=old.decode_seconds + done.timings.decode_s,
            )

    def _abandon(self) -> None:
        """Tell everyone who is left that nothing more will come."""
        with self._wake:
            left = self._scheduler.drain()
            while (chosen := self._scheduler.next()) is not None:
                self._scheduler.finish(chosen[0])
                left.append(chosen[0])
        for job in left:
            claim = None if job.lease is None else job.lease.claim
            produced = 0 if claim is None else max(0, len(claim.held.ids) - len(job.request.prompt_ids))
            usage = Usage(len(job.request.prompt_ids), 0 if claim is None else claim.cached, produced)
            spent = time.monotonic() - job.submitted
            queued, decode = (spent, 0.0) if job.lease is None else (0.0, spent)
            job.send(Done("cancelled", usage, Timings(queued, 0.0, decode, 0.0)))


def _shelf(session: Session, limits: Limits, directory: Path) -> Shelf:
    facts = {**session.rounding, "chunk": limits.prefill_chunk}
    return Shelf(directory, digest_of(facts), room=limits.prefix_bytes, most=session.manifest.context_length)


def _unstarted(job: _Job) -> Done:
    """What a request gets that never left the queue."""
    waited = time.monotonic() - job.submitted
    return Done("deadline", Usage(len(job.request.prompt_ids), 0, 0), Timings(waited, 0.0, 0.0, 0.0))

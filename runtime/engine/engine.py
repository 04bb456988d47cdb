"""The engine: what a caller on an event loop asks of the worker that computes (`runtime.engine.worker`).

Knows which requests are sound, and the event loop of whoever asks. Does not know text or the network.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Final, Self

from models.machine import Machine
from models.manifest import Manifest
from runtime.engine.budget import Budget
from runtime.engine.cache import bytes_per_token
from runtime.engine.interface import EngineStats
from runtime.engine.job import Job
from runtime.engine.likely import MOST
from runtime.engine.prefix_file import digest_of
from runtime.engine.request import Done, Event, Request, Score, Scored, ScoreEvent, ScoreRequest
from runtime.engine.sampling import check_sampling
from runtime.engine.session import Session
from runtime.engine.shelf import Shelf
from runtime.engine.turns import Turns
from runtime.engine.worker import Worker
from runtime.errors import BundleError, BusyError, CallerError, IngleError, PromptTooLongError
from runtime.limits import Limits

_log = logging.getLogger(__name__)

_LEAST: Final = 32
"""Tokens without room for which nothing can be asked."""
_SHARE: Final = 2
"""Of the memory that is free when a model has been loaded, one part in so many is for caches, where nothing is said."""


class OnnxEngine:
    """Implements `runtime.engine.interface.Engine` with onnxruntime."""

    def __init__(
        self, session: Session, limits: Limits, *, prefixes: Path | None = None, turns: Turns | None = None
    ) -> None:
        self._session = session
        self._limits = limits
        self._budget = _budget(session.manifest, limits)
        self._shelf = None if prefixes is None else _shelf(session, limits, prefixes)
        self._worker = Worker(session, limits, self._budget, self._shelf, turns or Turns())
        self._draining = False

    @classmethod
    def load(
        cls,
        bundle: Path,
        manifest: Manifest,
        *,
        limits: Limits,
        threads: int | None = None,
        prefixes: Path | None = None,
        turns: Turns | None = None,
    ) -> Self:
        """Load a bundle; blocks for as long as onnxruntime takes.

        Args:
            bundle: Its directory.
            manifest: Its manifest.
            limits: Bounds.
            threads: None: one for each physical core.
            prefixes: A directory of ours alone, for what prompts say to be stable; None keeps nothing on disk.
            turns: Shared by all engines that compute on the same cores.

        Raises:
            BundleError: the bundle cannot be loaded or is not what its manifest says.
        """
        return cls(Session(bundle, manifest, threads=threads), limits, prefixes=prefixes, turns=turns)

    @property
    def manifest(self) -> Manifest:
        """The bundle that is loaded."""
        return self._session.manifest

    @property
    def context(self) -> int:
        """See `runtime.engine.interface.Engine.context`."""
        return min(self.manifest.context_length, self._budget.most)

    @property
    def stats(self) -> EngineStats:
        """Counters and gauges of this moment."""
        return self._worker.stats

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
        if self._draining:
            raise BusyError("the appliance is shutting down; ask again in a minute")
        job = Job(request, asyncio.get_running_loop())
        match self._worker.submit(job):
            case "client":
                raise BusyError(
                    "as many requests of this client are waiting as it may have, which is half of limits.queue_depth "
                    "or what others leave; ask again in a few seconds"
                )
            case "queue":
                raise BusyError(
                    f"{self._limits.queue_depth} requests are waiting already; ask again in a few seconds"
                )
            case "stopped":
                raise BusyError("the appliance is shutting down; ask again in a minute")
            case None:
                pass
        try:
            while True:
                event = await self._next(job)
                yield event
                if isinstance(event, Done):
                    return
        finally:
            job.cancelled.set()
            self._worker.drop(job)

    async def _next(self, job: Job) -> Event | ScoreEvent:
        """The job's next event; one still waiting in the queue at its deadline ends there."""
        limit = None
        if job.request.deadline_s is not None and job.lease is None:
            limit = max(0.0, job.submitted + job.request.deadline_s - time.monotonic())
        try:
            # Not `wait_for`, which in Python 3.11 forgets a cancellation that comes with the event.
            async with asyncio.timeout(limit):
                event = await job.events.get()
        except TimeoutError:
            event = job.left("deadline") if self._worker.drop(job) else await job.events.get()
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
        if len(request.prompt_ids) + longest > self.context:
            raise self._too_long(len(request.prompt_ids), longest)

    def _check(self, request: Request) -> None:
        self._check_ids(request.prompt_ids, "the prompt")
        if request.max_tokens < 1:
            raise CallerError("max_tokens must be at least 1", param="max_tokens")
        if len(request.prompt_ids) + request.max_tokens > self.context:
            raise self._too_long(len(request.prompt_ids), request.max_tokens)
        if request.logprobs is not None and not 0 <= request.logprobs <= MOST:
            raise CallerError(
                f"the {request.logprobs} likeliest tokens were asked for; ask for 0 to {MOST}",
                param="logprobs",
            )
        check_sampling(request.sampling, self.manifest.vocabulary_size)

    def _too_long(self, prompt: int, answer: int) -> PromptTooLongError:
        memory = self.context < self.manifest.context_length
        return PromptTooLongError(prompt, answer, self.context, memory=memory)

    async def close(self, *, drain_s: float = 0.0) -> None:
        """See `runtime.engine.interface.Engine.close`."""
        self._draining = True
        await asyncio.to_thread(self.stop, time.monotonic() + drain_s)

    def stop(self, until: float = 0.0) -> None:
        """What `close` waits for: running work ends by itself until then (`time.monotonic`), or anyway. Blocks."""
        self._worker.stop(until)
        if self._shelf is not None:
            self._shelf.close()


def _shelf(session: Session, limits: Limits, directory: Path) -> Shelf:
    facts = {**session.rounding, "chunk": limits.prefill_chunk}
    return Shelf(directory, digest_of(facts), room=limits.prefix_bytes, most=session.manifest.context_length)


def _budget(manifest: Manifest, limits: Limits) -> Budget:
    """What `limits.kv_bytes` holds of this model's cache."""
    each = bytes_per_token(manifest)
    allowed = limits.kv_bytes or Machine.measure(Path("/")).memory_available // _SHARE
    budget = Budget(allowed // each if each else 2 * (limits.cache_slots + 1) * manifest.context_length)
    if budget.most < min(_LEAST, manifest.context_length):
        raise BundleError(
            f"the memory for caches, {allowed} bytes, holds {budget.most} tokens of {manifest.name!r}; "
            f"set limits.kv_bytes to {_LEAST * 2 * each} or more, or choose a smaller model"
        )
    if budget.most < manifest.context_length:
        _log.warning(
            "caches have memory for %d of the context's %d tokens; limits.kv_bytes allows more, where there is more",
            budget.most,
            manifest.context_length,
        )
    return budget

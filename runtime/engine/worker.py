"""The thread that owns onnxruntime: it lets jobs begin, runs what they want run, and hands on what comes of it.

Knows slots, turns and memory. Does not know who asks (`runtime.engine.engine`), nor how answers are made
(`runtime.engine.generate`, `runtime.engine.score`).
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, Literal, assert_never

import numpy as np

from models.cpu import cpu_class
from runtime.engine.bank import Bank
from runtime.engine.budget import Budget
from runtime.engine.generate import Drafting, generate
from runtime.engine.interface import EngineStats
from runtime.engine.job import Job
from runtime.engine.ngrams import Log
from runtime.engine.prefix import PrefixIndex
from runtime.engine.request import Done, Priority, Request, ScoreRequest, Token
from runtime.engine.scheduler import Refusal, Scheduler
from runtime.engine.score import score
from runtime.engine.session import Session
from runtime.engine.shelf import LEAST_TOKENS, Shelf
from runtime.engine.speculate import Drafter, costs_on
from runtime.engine.turns import Turns
from runtime.engine.work import Ended, Lease, Logits, Work
from runtime.errors import EngineError, IngleError
from runtime.limits import Limits

_log = logging.getLogger(__name__)

_PAUSE_S: Final = 0.1


class Worker:
    """Slots, and the thread that computes in them."""

    def __init__(
        self, session: Session, limits: Limits, budget: Budget, shelf: Shelf | None, turns: Turns
    ) -> None:
        """Start the thread; `turns` are shared with the workers of other engines."""
        self._turns = turns
        self._vocabulary = session.manifest.vocabulary_size
        self._chunk = limits.prefill_chunk
        self._processor = cpu_class()
        self._shelf = shelf
        self._bank = Bank(
            session,
            limits.cache_slots + 1,
            snapshots=limits.snapshots,
            snapshot_bytes=limits.snapshot_bytes,
        )
        self._prefixes = PrefixIndex([slot.cache.reaches for slot in self._bank.slots])
        self._budget = budget
        self._promised: dict[int, int] = {}
        self._log = Log(answers=limits.logged_answers, tokens=limits.logged_tokens)
        self._draft_tokens = limits.draft_tokens
        self._scheduler: Scheduler[Job] = Scheduler(slots=limits.cache_slots, depth=limits.queue_depth)
        self._stats = EngineStats(0, 0, 0, 0, 0.0, 0.0, 0, 0)
        self._wake = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._work, name="engine.worker", daemon=True)
        self._thread.start()

    @property
    def stats(self) -> EngineStats:
        """Counters and gauges of this moment."""
        shelf = self._shelf
        with self._wake:
            return replace(
                self._stats,
                running=len(self._scheduler.begun),
                waiting=self._scheduler.waiting,
                restored=0 if shelf is None else shelf.restored,
                prefix_bytes=0 if shelf is None else shelf.size,
            )

    def submit(self, job: Job) -> Refusal | Literal["stopped"] | None:
        """Queue a job; None when it is, else why not."""
        with self._wake:
            if self._stopped:
                return "stopped"
            refusal = self._scheduler.submit(job, job.request.priority, job.request.client)
            self._wake.notify_all()
        return refusal

    def drop(self, job: Job) -> bool:
        """Forget a job that has not begun; False when it has."""
        with self._wake:
            dropped = self._scheduler.drop(job)
            self._wake.notify_all()
        return dropped

    def stop(self, until: float) -> None:
        """Wait for the jobs there are until `time.monotonic` says so, then for the thread; blocks."""
        with self._wake:
            while (left := until - time.monotonic()) > 0 and (
                self._scheduler.begun or self._scheduler.waiting
            ):
                self._wake.wait(left)
            self._stopped = True
            self._wake.notify_all()
        self._thread.join()

    def _work(self) -> None:
        """The thread: take turns until told to stop. Whatever ends it, nobody is left waiting."""
        try:
            while self._turn():
                pass
        finally:
            with self._wake:
                self._stopped = True
                left = self._scheduler.drain()
                self._wake.notify_all()
            for job in left:
                job.send(job.left("cancelled"))

    def _turn(self) -> bool:
        """Let begin who can, run whose turn it is; False when told to stop."""
        with self._wake:
            while not (self._stopped or self._scheduler.begun or self._scheduler.waiting):
                self._wake.wait()
            if self._stopped:
                return False
        self._admit()
        self._sweep()
        with self._wake:
            turn = self._scheduler.turn(_steps)
            if not turn and self._scheduler.waiting:
                self._wake.wait(_PAUSE_S)  # who waits for room that nobody holds
        if turn:
            with self._turns:
                start = time.perf_counter()
                if _steps(turn[0]):
                    self._step(turn)
                else:
                    self._guarded(turn[0], partial(self._append, turn[0]))
                used = time.perf_counter() - start
            with self._wake:
                self._scheduler.used(used)
        return True

    def _admit(self) -> None:
        """Let jobs begin."""
        while True:
            with self._wake:
                job = self._scheduler.begin(self._fits)
            if job is None:
                return
            self._guarded(job, partial(self._begin, job))

    def _fits(self, job: Job) -> bool:
        return self._budget.fits(job.most, self._promised, job.request.priority)

    def _sweep(self) -> None:
        """End the jobs that nobody waits for any more."""
        with self._wake:
            begun = self._scheduler.begun
        for job in begun:
            if (reason := job.ended()) is not None:
                self._guarded(job, partial(self._go_on, job, Ended(reason)))

    def _guarded(self, job: Job, work: Callable[[], None]) -> None:
        """Do something for one job; what fails ends that job alone."""
        try:
            work()
        except Exception as exc:  # noqa: BLE001  our bug must not end the thread that serves everyone
            self._fail(job, _ours(exc))

    def _begin(self, job: Job) -> None:
        lease = self._lease(job)
        match job.request:
            case Request() as request:
                job.steps = generate(
                    request,
                    lease,
                    self._drafting(request, lease),
                    submitted=job.submitted,
                    vocabulary=self._vocabulary,
                    chunk=self._chunk,
                )
            case ScoreRequest() as request:
                job.steps = score(request, lease, submitted=job.submitted, chunk=self._chunk)
            case _:
                assert_never(job.request)
        self._go_on(job, None)

    def _drafting(self, request: Request, lease: Lease) -> Drafting:
        prompt = request.prompt_ids
        forgetful = not lease.slot.cache.appends(len(prompt) - lease.claim.cached + request.max_tokens)
        log = self._log if request.priority is Priority.COMMAND else None
        costs = costs_on(self._processor, forgetful=forgetful)
        drafter = Drafter(prompt, log, costs=costs, ends=request.stop_ids)
        return Drafting(drafter, self._draft_tokens, lambda: len(self._scheduler.begun) == 1)

    def _lease(self, job: Job) -> Lease:
        """Find a prompt its slot, and bring what is computed of it into the slot's cache."""
        prompt = job.request.prompt_ids
        claim = self._prefixes.claim(prompt)
        slot, source = self._bank.slots[claim.held.index], self._bank.slots[claim.source.index].cache
        job.lease = Lease(slot, claim)  # from here on whatever fails gives it back
        self._promised[slot.row] = job.most
        self._make_room(claim.source.index)
        beyond = claim.cached + LEAST_TOKENS
        restored = None if self._shelf is None else self._shelf.restore(prompt, slot.cache, beyond=beyond)
        if restored is not None:
            job.lease = Lease(slot, self._prefixes.moved(claim, prompt, restored))
        elif source is slot.cache:
            source.trim(claim.cached)
        else:
            slot.cache.adopt(source, claim.cached)
        if slot.cache.resident > job.most:
            slot.cache.give_back()
        self._make_room()
        return job.lease

    def _make_room(self, spared: int | None = None) -> None:
        """Empty slots that nobody uses, but for one, until there is memory for all that was promised."""
        idle = [held.index for held in self._prefixes.idle if held.index != spared]
        resident = {index: self._bank.slots[index].cache.resident for index in idle}
        for index in self._budget.too_much(self._promised, resident, idle):
            self._prefixes.empty(index)
            self._bank.slots[index].cache.forget()
            self._bank.slots[index].cache.give_back()

    def _step(self, jobs: Sequence[Job]) -> None:
        """Run one step of decoding for all of them."""
        by_row = {job.leased.slot.row: job for job in jobs}
        for rows in self._bank.neighbours(by_row):
            together = {row: by_row[row] for row in rows if row in by_row}
            tokens = {row: job.wanted.tokens[0] for row, job in together.items()}
            try:
                few = {row: job.wanted.among for row, job in together.items()}
                logits = self._bank.step(rows, tokens, few)
            except Exception as exc:  # noqa: BLE001  as in `_guarded`, for all who took the step
                self._lost(rows, _ours(exc))
                continue
            for row, job in together.items():
                job.leased.claim.held.ids.append(tokens[row])
                self._guarded(job, partial(self._go_on, job, logits[row][np.newaxis]))

    def _append(self, job: Job) -> None:
        """Run a chunk of one job."""
        work, lease = job.wanted, job.leased
        ids, asked = np.array(work.tokens, dtype=np.int64), np.array(work.asked, dtype=np.int64)
        rows = lease.slot.prefill(ids, asked=asked, among=work.among)
        lease.claim.held.ids.extend(work.tokens)
        self._go_on(job, rows)

    def _go_on(self, job: Job, heard: Logits | Ended | None) -> None:
        """Have a job's generator go on, to where it wants something run; tell what it tells."""
        job.work = None
        steps = job.going
        match heard:
            case None:
                told = next(steps)
            case Ended():
                told = steps.throw(heard)
            case _:
                told = steps.send(heard)
        while not isinstance(told, Work):
            if isinstance(told, Done):
                self._end(job, sound=True)
                self._count(told)
                job.send(told)
                self._remember(job, told)
                return
            if isinstance(told, Token):
                job.told.append(told.id)
            job.send(told)
            told = next(steps)
        job.work = told

    def _remember(self, job: Job, done: Done) -> None:
        """Keep what a request leaves to those behind it; it has its answer."""
        self._keep_stable(job)
        if (
            self._draft_tokens
            and job.request.priority is Priority.COMMAND
            and isinstance(job.request, Request)
            and done.reason == "stop"
        ):
            self._log.keep(job.request.prompt_ids, job.told)

    def _keep_stable(self, job: Job) -> None:
        """Give what a prompt says to be stable to the shelf; the answer is out, and a copy is soon made."""
        stable = job.request.prompt_ids[: job.request.stable]
        if self._shelf is None or len(stable) < LEAST_TOKENS:
            return
        cache = job.leased.slot.cache
        memory = sum(piece.nbytes for piece in cache.pieces(len(stable)))
        if (
            self._shelf.wants(stable, memory)
            and tuple(job.leased.claim.held.ids[: len(stable)]) == stable
            and (pieces := cache.copy(len(stable))) is not None
        ):
            self._shelf.store(stable, pieces)

    def _lost(self, rows: range, error: IngleError) -> None:
        """A run over these slots failed, and what they held is lost: whoever has one is told."""
        for row in rows:
            self._bank.slots[row].cache.forget()
            self._prefixes.empty(row)
        with self._wake:
            begun = self._scheduler.begun
        for job in begun:
            if job.leased.slot.row in rows:
                self._fail(job, error)

    def _fail(self, job: Job, error: IngleError) -> None:
        self._end(job, sound=False)
        job.send(error)

    def _end(self, job: Job, *, sound: bool) -> None:
        with self._wake:
            self._scheduler.finish(job)
            self._wake.notify_all()
        if job.lease is not None:
            self._promised.pop(job.lease.slot.row, None)
            if not sound:
                job.lease.slot.cache.forget()
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
                drafted_tokens=old.drafted_tokens + done.usage.drafted,
                accepted_tokens=old.accepted_tokens + done.usage.accepted,
                early_tokens=old.early_tokens + done.timings.early,
                prefill_seconds=old.prefill_seconds + done.timings.prefill_s,
                decode_seconds=old.decode_seconds + done.timings.decode_s,
            )


def _ours(exc: Exception) -> IngleError:
    """What a caller is told of an exception that is being handled; one that nobody raised on purpose is logged."""
    if isinstance(exc, IngleError):
        return exc
    _log.exception("inference failed")
    return EngineError(f"inference failed: {exc!r}; report this with the log")


def _steps(job: Job) -> bool:
    """Whether what it wants is a step of decoding."""
    return job.wanted.single

"""One request on its way through the worker: from the event loop that asks to the thread that computes, and back."""

import asyncio
import threading
import time
from dataclasses import dataclass, field

from runtime.engine.request import (
    Done,
    Event,
    FinishReason,
    Request,
    ScoreEvent,
    ScoreRequest,
    Timings,
    Usage,
)
from runtime.engine.work import Lease, Steps, Work
from runtime.errors import IngleError


@dataclass(eq=False, slots=True)
class Job:
    """What was asked, by whom, and how far it is."""

    request: Request | ScoreRequest
    loop: asyncio.AbstractEventLoop
    submitted: float = field(default_factory=time.monotonic)
    events: asyncio.Queue[Event | ScoreEvent | IngleError] = field(default_factory=asyncio.Queue)
    cancelled: threading.Event = field(default_factory=threading.Event)
    lease: Lease | None = None
    steps: Steps[Event | ScoreEvent, None] | None = None
    """None until it begins, as the lease."""
    work: Work | None = None
    """What it wants to be run next."""
    told: list[int] = field(default_factory=list)
    """Tokens of the answer so far."""

    @property
    def most(self) -> int:
        """Tokens that its cache will hold at most."""
        match self.request:
            case Request(prompt_ids=prompt, max_tokens=answer):
                return len(prompt) + answer
            case ScoreRequest(prompt_ids=prompt, options=options):
                return len(prompt) + max(map(len, options))

    @property
    def leased(self) -> Lease:
        """The lease of a job that has begun."""
        if self.lease is None:
            raise RuntimeError("a job that has not begun has no slot")
        return self.lease

    @property
    def going(self) -> Steps[Event | ScoreEvent, None]:
        """The generator of a job that has begun."""
        if self.steps is None:
            raise RuntimeError("a job that has not begun has nothing to go on with")
        return self.steps

    @property
    def wanted(self) -> Work:
        """The work of a job that has begun; it always wants some."""
        if self.work is None:
            raise RuntimeError("a job that has begun wants nothing to be run")
        return self.work

    def send(self, event: Event | ScoreEvent | IngleError) -> None:
        """Hand an event to the asking loop; a loop that is gone no longer listens."""
        try:
            self.loop.call_soon_threadsafe(self.events.put_nowait, event)
        except RuntimeError:  # the loop was closed, as when a program exits in mid-answer
            self.cancelled.set()

    def ended(self) -> FinishReason | None:
        """Why nothing more of it should be run, if so."""
        if self.cancelled.is_set():
            return "cancelled"
        deadline = self.request.deadline_s
        late = deadline is not None and time.monotonic() >= self.submitted + deadline
        return "deadline" if late else None

    def left(self, reason: FinishReason) -> Done:
        """What it gets when its generator will not tell."""
        spent = time.monotonic() - self.submitted
        if self.lease is None:
            return Done(reason, Usage(len(self.request.prompt_ids), 0, 0), Timings(spent, 0.0, 0.0, 0.0))
        usage = Usage(len(self.request.prompt_ids), self.lease.claim.cached, len(self.told))
        return Done(reason, usage, Timings(0.0, 0.0, spent, 0.0))

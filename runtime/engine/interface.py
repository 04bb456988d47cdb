"""What the rest of the appliance may ask of an engine.

Implemented by `runtime.engine.engine.OnnxEngine`, and by the simulator the tests use.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Protocol

from models.manifest import Manifest
from runtime.engine.request import Event, Request, Score, ScoreRequest


@dataclass(frozen=True, slots=True)
class EngineStats:
    """Counters since start; all monotone but the two gauges."""

    requests: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    prefill_seconds: float
    decode_seconds: float
    running: int
    """Gauge: requests that hold a slot."""
    waiting: int
    """Gauge: requests in the queue."""
    restored: int = 0
    """Prompts whose beginning was read from disk."""
    prefix_bytes: int = 0
    """Gauge: what is there to be read."""
    drafted_tokens: int = 0
    """Guessed ahead, and run."""
    accepted_tokens: int = 0
    """How many of those came true."""
    early_tokens: int = 0
    """Those of `completion_tokens` that came with a prompt, in none of `decode_seconds`."""


class Engine(Protocol):
    """Generates token ids from token ids, several requests at once, the more urgent ones first."""

    @property
    def manifest(self) -> Manifest:
        """The bundle that is loaded."""
        ...

    @property
    def context(self) -> int:
        """Tokens that a request may take, prompt and answer together: the model's context, or what memory allows."""
        ...

    @property
    def stats(self) -> EngineStats:
        """Counters for /metrics."""
        ...

    def generate(self, request: Request) -> AsyncGenerator[Event, None]:
        """Yield Prefill (the first when the request leaves the queue), Token, then exactly one Done.

        Closing the generator frees the slot within a token.

        Raises (at the first iteration):
            PromptTooLongError: prompt + max_tokens is more than the context. Nothing is cut.
            CallerError: an empty prompt, or an id outside the vocabulary.
            BusyError: the queue is full, or the engine is draining.
            EngineError: inference failed.
        """
        ...

    async def score(self, request: ScoreRequest) -> tuple[Score, ...]:
        """How likely each option is, in the request's order. More urgent requests go first, between options too.

        Raises:
            PromptTooLongError: the prompt and its longest option do not fit the context.
            CallerError: nothing to score, an empty option, or an id outside the vocabulary.
            BusyError: the queue is full, the engine is draining, or the deadline came first.
            EngineError: inference failed.
        """
        ...

    async def close(self, *, drain_s: float = 0.0) -> None:
        """Refuse new work, let running work finish for at most `drain_s` seconds, then stop. Idempotent."""
        ...

"""How much one client may ask: requests and tokens a minute, and answers at once. No I/O.

A client is a key with a name, else an address (`runtime.api.callers`). These bounds are about how often this caller
asks, so their status is 429; a full queue, which is about everybody, is 503.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from runtime.api.exposition import Metric
from runtime.api.refusal import RefusalError
from runtime.limits import ClientLimits

_MOST: Final = 4096
"""Clients that are kept apart; of more, the one that was silent longest begins anew."""


class Meter:
    """What each client has left of so much a minute: a bucket that is filled evenly, and may be overdrawn once."""

    def __init__(self, per_minute: int) -> None:
        """`per_minute` 0 is without a limit."""
        self._size = float(per_minute)
        self._left: dict[str, tuple[float, float]] = {}
        """How much, and when that was; who was here last is last."""

    def wait_s(self, client: str, now: float) -> float:
        """Seconds until the client has something left; 0 if it has."""
        if not self._size:
            return 0.0
        return max(0.0, (1.0 - self._now(client, now)) * 60.0 / self._size)

    def charge(self, client: str, amount: float, now: float) -> None:
        """Take that much, whether it is there or not."""
        if not self._size:
            return
        left = self._now(client, now) - amount
        self._left.pop(client, None)
        self._left[client] = (left, now)
        while len(self._left) > _MOST:
            del self._left[next(iter(self._left))]

    def _now(self, client: str, now: float) -> float:
        left, at = self._left.get(client, (self._size, now))
        return min(self._size, left + (now - at) * self._size / 60.0)


@dataclass(slots=True)
class Spent:
    """What a request cost, as far as it is known."""

    prompt: int = 0
    """Tokens of the prompt, cached ones included."""
    completion: int = 0
    known: bool = False
    """Whether something was computed at all."""

    def add(self, prompt: int, completion: int = 0) -> None:
        """One more answer."""
        self.prompt += prompt
        self.completion += completion
        self.known = True


class Allowances:
    """What every client has left."""

    def __init__(self, limits: ClientLimits, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds that never go back."""
        self._limits = limits
        self._clock = clock
        self._requests = Meter(limits.requests_per_minute)
        self._tokens = Meter(limits.tokens_per_minute)
        self._at_once: Counter[str] = Counter()
        self._refused: Counter[str] = Counter({"requests": 0, "answers": 0, "tokens": 0})

    @contextmanager
    def entered(self, client: str, spent: Spent, *, computes: bool) -> Iterator[None]:
        """Within: one request of the client; `computes` if it is one that a model answers.

        Raises:
            RefusalError: 429, it asks too much.
        """
        now = self._clock()
        limits = self._limits
        if wait := self._requests.wait_s(client, now):
            self._refuse(
                "requests", wait, f"{limits.requests_per_minute} requests a minute are taken from one client"
            )
        if computes and (wait := self._tokens.wait_s(client, now)):
            self._refuse("tokens", wait, f"{limits.tokens_per_minute} tokens a minute are for one client")
        if computes and limits.answers and self._at_once[client] >= limits.answers:
            self._refuse("answers", 1.0, f"{limits.answers} answers at once are for one client")
        self._requests.charge(client, 1, now)
        self._at_once[client] += computes
        try:
            yield
        finally:
            self._at_once[client] -= computes
            if not self._at_once[client]:
                del self._at_once[client]
            self._tokens.charge(client, spent.prompt + spent.completion, self._clock())

    def metrics(self) -> Iterator[Metric]:
        """What was refused."""
        yield Metric(
            "ingle_http_limited_total",
            "counter",
            "Requests refused with 429, by what there was too much of.",
            tuple(((("what", what),), count) for what, count in sorted(self._refused.items())),
        )

    def _refuse(self, what: str, wait_s: float, why: str) -> None:
        self._refused[what] += 1
        seconds = max(1, math.ceil(wait_s))
        raise RefusalError(
            429,
            f"{why}; ask again in {seconds} s, or have the owner raise clients.{_SETTING[what]}",
            code="rate_limit_exceeded",
            headers={"Retry-After": str(seconds)},
        )


_SETTING: Final = {
    "requests": "requests_per_minute",
    "tokens": "tokens_per_minute",
    "answers": "answers",
}

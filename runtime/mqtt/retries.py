"""How soon a lost connection is tried again: for the first while every few seconds, then ever more rarely. No I/O.

A broker that restarts is back in seconds, and a house should not wait for us longer than for it. One that stays away is
left in peace.
"""

import random
import time
from collections.abc import Callable
from typing import Protocol

from runtime.mqtt.link import Patience


class Delays(Protocol):
    """The part of paho's client that keeps them: its pause doubles from the least to the most, and begins anew here."""

    def reconnect_delay_set(self, min_delay: int, max_delay: int) -> None:
        """In seconds."""
        ...


class Retries:
    """Of one link. Each method is called on paho's thread, or before that begins."""

    def __init__(self, patience: Patience, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds that never go back."""
        self._first = random.randint(*patience.first_retry)  # noqa: S311  no secret
        self._longest = random.randint(*patience.longest_retry)  # noqa: S311  no secret
        self._soon = patience.soon
        self._clock = clock
        self._since: float | None = None
        """Since when there is no connection."""
        self._rare = False

    def begin(self, client: Delays) -> None:
        """A client is new: it is told how patient we are by now."""
        client.reconnect_delay_set(self._first, self._longest if self._rare else self._first)

    def up(self) -> None:
        """The broker has let us in."""
        self._since = None

    def down(self, client: Delays) -> None:
        """The connection is lost, or was not to be had."""
        now = self._clock()
        if self._since is None:
            self._since, self._rare = now, False
            self.begin(client)
        elif not self._rare and now - self._since >= self._soon:
            self._rare = True
            self.begin(client)

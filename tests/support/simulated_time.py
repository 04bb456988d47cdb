"""An event loop whose time passes at once: real tasks and timeouts, hours in seconds. For what does no real I/O."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import TypeVar

T = TypeVar("T")


class _Skipping(selectors.SelectSelector):
    """Does not wait: says how long it would have."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found:
            if timeout is None:
                raise RuntimeError("every task waits, and nothing will ever happen")
            self.now += max(timeout, 0)
        return found


class SimulatedLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.now


def simulated(work: Coroutine[object, object, T]) -> T:
    """Run it to its end."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(work)


def in_simulated_time(test: Callable[..., Coroutine[object, object, None]]) -> Callable[..., None]:
    """A test that takes none."""

    @wraps(test)
    def run(*args: object, **named: object) -> None:
        simulated(test(*args, **named))

    return run

"""Tells results to whoever asked, and notes that they were told. Tries again where nobody takes them."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from runtime.commands.backoff import pauses
from runtime.commands.clock import Clock
from runtime.commands.journal.journal import Journal
from runtime.commands.order import Outbox, ReplyTo, Result
from runtime.errors import IngleError

_log = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 30.0


class Teller:
    """Results to outboxes."""

    def __init__(
        self,
        journal: Journal,
        outboxes: Mapping[str, Outbox],
        clock: Clock,
        tell_s: float,
        told: Callable[[Result], None],
    ) -> None:
        self._journal = journal
        self._outboxes = outboxes
        self._clock = clock
        self._tell_s = tell_s
        self._told = told

    async def tell(self, key: int, places: Iterable[ReplyTo], result: Result) -> None:
        """Deliver the result that the journal has under `key` wherever it was asked for, and note that."""
        self._told(result)
        await asyncio.gather(*(self.repeat(each, result) for each in places))
        self._journal.answered(key)

    async def repeat(self, reply: ReplyTo, result: Result) -> None:
        """Deliver a result, also one that was told before."""
        outbox = self._outboxes.get(reply.channel)
        if outbox is None:
            _log.warning(
                "nobody here answers over %s any more: what came of %s is not told",
                reply.channel,
                result.order,
            )
            return
        until = self._clock.now().ticks + self._tell_s
        for pause in pauses(_FIRST_PAUSE_S, _LONGEST_PAUSE_S):
            try:
                async with asyncio.timeout(max(0.0, until - self._clock.now().ticks)):
                    await outbox.deliver(reply, result)
            except TimeoutError:
                _log.warning("what came of %s could not be told: nobody said that it arrived", result.order)
                return
            except IngleError as exc:
                if self._clock.now().ticks + pause > until:
                    _log.warning("what came of %s could not be told: %s", result.order, exc)
                    return
            except Exception:  # noqa: BLE001  a front end's fault is not the order's
                _log.exception("what came of %s could not be told", result.order)
                return
            else:
                return
            await self._clock.sleep(pause)

"""The way from an HTTP request to the desk and back. Knows no HTTP: `runtime.api.commands` has the path."""

import asyncio
import secrets
import time
from enum import StrEnum
from typing import Final

from runtime.commands.order import ReplyTo, Result, Taker
from runtime.errors import BusyError
from runtime.wire.commands import OrderReader, check_known, order_id
from runtime.wire.fields import Fields

CHANNEL: Final = "http"
SENDER: Final = "http"
"""Who commands, to the policy: whoever shows no key with a name of its own."""


class State(StrEnum):
    """Whether commands are taken."""

    OFF = "off"
    """The owner does not want it."""
    STARTING = "starting"
    READY = "ready"
    FAILED = "failed"
    """They cannot be; the log, and who sends one, is told why."""


class HttpCommands:
    """The way from a request to the desk and back: an `Outbox` for the desk, under the name `CHANNEL`."""

    def __init__(self, *, wanted: bool = True) -> None:
        """`wanted`: whether the owner wants commands to be taken."""
        self.wanted = wanted
        self._why_closed = "the appliance is still starting; ask again in a few seconds"
        self._failed = False
        self._taker: Taker | None = None
        self._reader: OrderReader | None = None
        self._asked: dict[str, asyncio.Future[Result]] = {}

    def open(self, taker: Taker, reader: OrderReader) -> None:
        """Take orders from now on."""
        self._taker, self._reader = taker, reader

    def shut(self, why: str) -> None:
        """Take none, for good; `why` is what a caller is told."""
        self._why_closed, self._failed = why, True

    @property
    def state(self) -> State:
        """Whether commands are taken now."""
        if not self.wanted:
            return State.OFF
        if self._taker is not None:
            return State.READY
        return State.FAILED if self._failed else State.STARTING

    async def deliver(self, reply: ReplyTo, result: Result) -> None:
        """See `runtime.commands.order.Outbox.deliver`. Of what is planned the first result is what the caller gets."""
        waiting = self._asked.get(reply.address)
        if waiting is not None and not waiting.done():
            waiting.set_result(result)

    async def ask(self, fields: Fields, within_s: float, *, sender: str) -> Result:
        """Hand in what the fields say, and wait for its result.

        Raises:
            CallerError: they say nothing that can be done.
            BusyError: it is not taken, or takes too long.
        """
        if self._taker is None or self._reader is None:
            raise BusyError(self._why_closed)
        check_known(fields)
        address = secrets.token_hex(12)
        given = order_id(fields)
        order = self._reader.order(
            fields, given or f"http-{address}", ReplyTo(CHANNEL, address), sender=sender, now=time.time()
        )
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._asked[address] = answer
        how_far = "may not have been taken, and could be done yet"
        try:
            async with asyncio.timeout(within_s):
                await self._taker.take(order)
                how_far = "was taken, and has no result yet"
                return await answer
        except TimeoutError as exc:
            again = f"ask again with the id {given!r}" if given else "send an id, by which one can ask again"
            raise BusyError(f"the command {how_far}; {again}") from exc
        finally:
            del self._asked[address]

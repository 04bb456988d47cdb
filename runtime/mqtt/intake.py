"""Commands of one connection on their way to the desk: read, handed over, acknowledged, in the order they came.

A command is acknowledged once the desk has it on disk, and a message of which no order can be made once its sender has
been told. What a broker kept while we were away is as old as that may make it, unless its sender said how long it is
of use and the broker has counted. Knows neither how a command is understood nor what comes of it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from runtime.commands.order import Order, ReplyTo, Taker
from runtime.errors import BusyError, CallerError
from runtime.mqtt.acks import Acks
from runtime.mqtt.flood import Flood
from runtime.mqtt.link import Delivery, Link, Publication
from runtime.mqtt.orders import CHANNEL, Reader, RefusedError
from runtime.mqtt.results import Results
from runtime.mqtt.topics import Source, source

_log = logging.getLogger(__name__)
PATIENCE_S: Final = 3.0
_PAUSE_S: Final = 0.05
_AT_ONCE: Final = 128
"""Orders on their way to the desk's disk: enough to be written together."""
_REFUSALS: Final = 256
"""Refusals on their way, besides the commands that wait. A broker brings no more than some dozens that are to be
acknowledged; of the others it brings any number, and what is too many then is dropped."""


class Intake:
    """What comes on the command topics of one connection."""

    def __init__(
        self,
        link: Link,
        taker: Taker,
        reader: Reader,
        results: Results,
        say: Callable[[Publication], Awaitable[None]],
        clock: Callable[[], float],
        since: float = 0.0,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """`say` publishes a refusal; `clock` tells seconds since the epoch, `since` when we were last there.

        `patience_s`: how long a taker that is busy is asked again. A broker may bring all that it kept at once.
        """
        self._link = link
        self._taker = taker
        self._reader = reader
        self._results = results
        self._say = say
        self._clock = clock
        self._patience_s = patience_s
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._acks = Acks()
        self._epoch = 0
        self._delivered: set[int] = set()
        """Packet ids that this connection has brought already: for another message, then."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._flood = Flood(_log)
        self._stopping = False
        self._away_since: float | None = since
        """None: what comes now is said now."""

    def away(self, since: float) -> None:
        """What comes over a session that is resumed may have been said at any time since then."""
        if self._away_since is None:
            self._away_since = since

    def present(self) -> None:
        """What comes from now on is said now."""
        self._away_since = None

    def receive(self, delivery: Delivery) -> None:
        """Take care of a message; return without waiting for it."""
        if self._stopping:  # the broker keeps it
            return
        if delivery.qos == 0 and len(self._tasks) >= self._reader.limits.commands_waiting + _REFUSALS:
            self._flood.drop()
            return
        again = self._may_come_again(delivery)
        kept = replace(delivery, payload=b"")  # many may wait to be acknowledged
        self._acks.arrived(kept)
        came = source(delivery.topic)
        if came is None or delivery.retained:
            why = "it was said before anyone listened" if delivery.retained else "nobody listens there"
            _log.warning("dropped a message on %s: %s", delivery.topic, why)
            self._done(kept)
            return
        reply = ReplyTo(CHANNEL, came.result, delivery.correlation)
        try:
            order = self._order(delivery, came, again=again)
        except RefusedError as exc:
            self._begin(self._refuse(kept, exc.reply, exc, exc.id))
            return
        except Exception as exc:  # noqa: BLE001  one message must not hold up those behind it
            _log.exception("failed to read a command on %s", delivery.topic)
            self._begin(self._refuse(kept, reply, exc, None))
            return
        reply = order.reply or reply
        if len(self._tasks) >= self._reader.limits.commands_waiting:
            self._begin(self._refuse(kept, reply, _too_many(len(self._tasks)), order.id))
        else:
            self._begin(self._take(kept, order, reply))

    async def finish(self, patience_s: float) -> None:
        """Take nothing more, and wait for what is being taken."""
        self._stopping = True
        self._flood.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience_s)
        for task in self._tasks:
            task.cancel()

    def _order(self, delivery: Delivery, came: Source, *, again: bool) -> Order:
        """The order that a message is; RefusedError if it is none."""
        age = self._age(delivery)
        order = self._reader.order(delivery, came, self._clock(), again=again)
        return replace(order, expires_at=order.expires_at - age)

    def _may_come_again(self, delivery: Delivery) -> bool:
        if delivery.epoch != self._epoch:
            self._epoch = delivery.epoch
            self._delivered.clear()
        seen = delivery.packet in self._delivered
        self._delivered.add(delivery.packet)
        return delivery.resumed and delivery.qos > 0 and not seen

    def _begin(self, handling: Awaitable[None]) -> None:
        task = asyncio.ensure_future(handling)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _age(self, delivery: Delivery) -> float:
        """How many seconds ago a message may have been said. A broker that was told how long it lasts has counted."""
        if self._away_since is None or not delivery.resumed or delivery.expiry_s is not None:
            return 0.0
        now = self._clock()
        return now - self._away_since if self._away_since <= now else now

    async def _take(self, delivery: Delivery, order: Order, reply: ReplyTo) -> None:
        try:
            async with self._turns:  # in the order of arrival
                await self._patiently(order)
        except (BusyError, CallerError) as exc:
            await self._refuse(delivery, reply, exc, order.id)
        except Exception as exc:  # noqa: BLE001  one message must not end the service
            _log.exception("failed on command %r", order.id)
            await self._refuse(delivery, reply, exc, order.id)
        else:
            self._done(delivery)

    async def _patiently(self, order: Order) -> None:
        until = asyncio.get_running_loop().time() + self._patience_s
        while True:
            try:
                return await self._taker.take(order)
            except BusyError:
                if self._stopping or asyncio.get_running_loop().time() > until:
                    raise
            await asyncio.sleep(_PAUSE_S)

    async def _refuse(self, delivery: Delivery, reply: ReplyTo, exc: Exception, order_id: str | None) -> None:
        match exc:
            case CallerError():
                reason, text, param = "invalid", str(exc), exc.param
            case BusyError():
                reason, text, param = "busy", str(exc), None
            case _:
                reason, param = "failed", None
                text = "the appliance failed on this command; its log has the cause"
        _log.info("refused a command on %s: %s", delivery.topic, text)
        try:
            await self._say(self._results.refused(reply, reason, text, order_id=order_id, param=param))
        except Exception:  # noqa: BLE001  what cannot be told must not hold up those behind it
            _log.exception("nobody could be told why a command on %s was refused", delivery.topic)
        self._done(delivery)

    def _done(self, delivery: Delivery) -> None:
        for each in self._acks.finished(delivery):
            self._link.acknowledge(each)


def _too_many(waiting: int) -> BusyError:
    return BusyError(f"{waiting} commands are waiting to be written down; send it again in a few seconds")

"""Commands of one connection on their way to the desk: read, handed over, acknowledged, in the order they came.

A command is acknowledged once the desk has it on disk, and a message of which no order can be made once its sender has
been told. Knows neither how a command is understood nor what comes of it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from runtime.commands.order import Order, ReplyTo
from runtime.errors import BusyError, CallerError
from runtime.mqtt.acks import Acks
from runtime.mqtt.link import Delivery, Link, Publication
from runtime.mqtt.orders import Reader, RefusedError
from runtime.mqtt.results import Results
from runtime.mqtt.topics import Source, source

_log = logging.getLogger(__name__)


class Taker(Protocol):
    """Who does what is ordered: the desk."""

    async def take(self, order: Order) -> None:
        """Return once the order will not be forgotten.

        Raises:
            BusyError: it cannot be taken now.
            CallerError: its id was used for another order.
        """
        ...


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
    ) -> None:
        """`say` publishes a refusal; `clock` tells seconds since the epoch."""
        self._link = link
        self._taker = taker
        self._reader = reader
        self._results = results
        self._say = say
        self._clock = clock
        self._acks = Acks()
        self._epoch = 0
        self._delivered: set[int] = set()
        """Packet ids that this connection has brought already: for another message, then."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False

    def receive(self, delivery: Delivery) -> None:
        """Take care of a message; return without waiting for it."""
        if self._stopping:  # the broker keeps it
            return
        again = self._may_come_again(delivery)
        self._acks.arrived(delivery)
        came = source(delivery.topic)
        if came is None or delivery.retained:
            why = "it was said before anyone listened" if delivery.retained else "nobody listens there"
            _log.warning("dropped a message on %s: %s", delivery.topic, why)
            self._done(delivery)
            return
        if len(self._tasks) >= self._reader.limits.commands_waiting:
            reply = ReplyTo("mqtt", came.result, delivery.correlation)
            self._begin(self._refuse(delivery, reply, _too_many(len(self._tasks)), None))
            return
        self._begin(self._handle(delivery, came, self._clock(), again=again))

    async def finish(self, patience_s: float) -> None:
        """Take nothing more, and wait for what is being taken."""
        self._stopping = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience_s)
        for task in self._tasks:
            task.cancel()

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

    async def _handle(self, delivery: Delivery, came: Source, now: float, *, again: bool) -> None:
        try:
            order = self._reader.order(delivery, came, now, again=again)
        except RefusedError as exc:
            await self._refuse(delivery, exc.reply, exc, exc.id)
            return
        reply = order.reply or ReplyTo("mqtt", came.result)
        try:
            await self._taker.take(order)
        except (BusyError, CallerError) as exc:
            await self._refuse(delivery, reply, exc, order.id)
        except Exception as exc:  # noqa: BLE001  one message must not end the service
            _log.exception("failed on command %r", order.id)
            await self._refuse(delivery, reply, exc, order.id)
        else:
            self._done(delivery)

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
        await self._say(self._results.refused(reply, reason, text, order_id=order_id, param=param))
        self._done(delivery)

    def _done(self, delivery: Delivery) -> None:
        for each in self._acks.finished(delivery):
            self._link.acknowledge(each)


def _too_many(waiting: int) -> BusyError:
    return BusyError(f"{waiting} commands are waiting to be written down; send it again in a few seconds")

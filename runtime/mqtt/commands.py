"""The command topics of one appliance: a connection of their own, orders to the desk, its results back to the broker.

A connection of their own, because what is unacknowledged on one is counted by the broker, and a chat takes long.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Callable
from typing import Final, assert_never

from runtime.commands.order import ReplyTo, Result, Taker
from runtime.errors import BusyError
from runtime.mqtt.connection import Connection
from runtime.mqtt.intake import PATIENCE_S, Intake
from runtime.mqtt.link import BarredError, Delivery, Down, Link, LinkEvent, Publication, Subscription, Up
from runtime.mqtt.orders import Reader
from runtime.mqtt.results import Results
from runtime.mqtt.topics import Topics

_log = logging.getLogger(__name__)

_OUTGOING: Final = 48
"""Results on their way at a time: fewer than a link has places for, so that none is refused one."""
_FENCE_S: Final = 10.0
"""How long what a broker kept may take to arrive."""


class CommandService:
    """Commands in, results out. An `Outbox` for the desk, under the name `runtime.mqtt.orders.CHANNEL`."""

    def __init__(
        self,
        link: Link,
        topics: Topics,
        taker: Taker,
        reader: Reader,
        clock: Callable[[], float] = time.time,
        last_there: float | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """`clock` tells seconds since the epoch, as does `last_there`, before this start."""
        self._link = link
        self._topics = topics
        self._taker = taker
        self._reader = reader
        self._clock = clock
        self._results = Results(topics.node)
        self._last_there = last_there or 0.0
        self._patience_s = patience_s
        self._intake = self.intake(link)
        self._fence: bytes | None = None
        """Comes back to us behind everything that the broker kept. Another on each connection: what was said on one
        that was lost may be among what is kept."""
        self._room = asyncio.Semaphore(_OUTGOING)
        self._fencing: asyncio.Task[None] | None = None
        self._connection = Connection(_log)
        self._lost_at: float | None = None

    @property
    def connected(self) -> bool:
        """Whether the broker can be reached now."""
        return self._connection.there

    @property
    def there_until(self) -> float | None:
        """When we last were, in seconds since the epoch; None if never."""
        return self._clock() if self.connected else self._lost_at

    async def run(self, stop: asyncio.Event) -> None:
        """Take commands until `stop` is set. Results go out until `close`."""
        topics = self._topics
        mine = [Subscription(each) for each in (topics.command, topics.command_from, topics.command_fence)]
        await self._link.open(mine, None, self._on_event)
        await stop.wait()
        await self._intake.finish(self._reader.limits.drain_seconds)

    async def close(self) -> None:
        """Leave the broker; it keeps the session, and in it what we have not acknowledged."""
        self._unfence()
        await self._link.close()

    def intake(self, link: Link) -> Intake:
        """Takes what comes on another link as well; what there is to say of it is said here."""
        return Intake(link, self._taker, self._reader, self._results, self.say, self._clock, self._last_there)

    async def deliver(self, reply: ReplyTo, result: Result) -> None:
        """See `runtime.commands.order.Outbox.deliver`."""
        with contextlib.suppress(BarredError):  # the log has it, and to say it again changes no rules
            await self._publish(self._results.result(reply, result))

    async def say(self, publication: Publication) -> None:
        """Publish what does not matter enough to be kept: a refusal, of which the log knows, too."""
        try:
            with contextlib.suppress(BarredError):
                await self._publish(publication)
        except BusyError as exc:
            _log.warning("nothing was published on %s: %s", publication.topic, exc)

    def _begin(self, *, session_present: bool) -> None:
        self._unfence()
        if session_present:
            self._fence = secrets.token_bytes(16)
            self._fencing = asyncio.create_task(self._fence_off(self._fence), name="mqtt.commands.fence")
        else:
            self._intake.present()

    def _unfence(self) -> None:
        if self._fencing is not None:
            self._fencing.cancel()
        self._fencing = self._fence = None

    async def _fence_off(self, fence: bytes) -> None:
        """Tell what the broker kept from what is said now: it delivers in the order in which it was given."""
        await self.say(Publication(self._topics.command_fence, fence))
        await asyncio.sleep(_FENCE_S)
        self._intake.present()  # where the broker's access rules let us not say it, time has to tell

    async def _publish(self, publication: Publication) -> None:
        async with self._room:
            await self._link.publish(publication)

    def _on_event(self, event: LinkEvent) -> None:
        match event:
            case Up(session_present, refused):
                self._connection.up(f"commands are taken on {self._topics.command}", refused)
                self._begin(session_present=session_present)
            case Down(reason, silent_s):
                if self.connected:
                    self._lost_at = self._clock() - silent_s
                self._connection.down("no commands from MQTT", reason)
                self._unfence()
                self._intake.away(self._clock() - silent_s)
            case Delivery() if event.topic == self._topics.command_fence:
                self._link.acknowledge(event)
                if event.payload == self._fence:  # else it is that of an earlier connection
                    self._intake.present()
            case Delivery():
                self._intake.receive(event)
            case _:
                assert_never(event)

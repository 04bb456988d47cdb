"""Speaks Hermes with a broker: answers queries, has what was heard carried out, and has the answer spoken.

On a connection of its own without a session: who spoke while nobody listened speaks again. An `Outbox` for the desk.
"""

import asyncio
import contextlib
import json
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from typing import Final, assert_never

from runtime.commands.desk.border import Interpreter
from runtime.commands.order import Order, ReplyTo, Result, Status, Taker
from runtime.commands.registry.house import House
from runtime.commands.sentence import NOTHING_SAID, Sentence
from runtime.errors import BusyError, CallerError, IngleError
from runtime.limits import Limits
from runtime.mqtt import hermes
from runtime.mqtt.link import (
    AwayError,
    BarredError,
    Delivery,
    Down,
    Link,
    LinkEvent,
    LostError,
    Publication,
    Session,
    Subscription,
    Up,
)

_log = logging.getLogger(__name__)

CHANNEL: Final = "hermes"
SESSION: Final = Session(persistent=False)
"""How the link is to be made."""
_SENDER: Final = "hermes"


class HermesService:
    """One for the house."""

    def __init__(
        self,
        link: Link,
        taker: Taker,
        interpreter: Interpreter,
        house: Callable[[], House],
        limits: Limits,
        *,
        language: str,
        expiry_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`language`: of who does not say theirs; `expiry_s`: how old a command may be when it is begun."""
        self._link = link
        self._taker = taker
        self._interpreter = interpreter
        self._house = house
        self._limits = limits
        self._language = language
        self._expiry_s = expiry_s
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until `stop` is set. Answers are spoken until `close`."""
        await self._link.open(
            [Subscription(hermes.QUERY), Subscription(hermes.CAPTURED)], None, self._on_event
        )
        await stop.wait()
        self._link.unsubscribe([hermes.QUERY, hermes.CAPTURED])

    async def close(self) -> None:
        """Leave the broker."""
        for task in self._tasks:
            task.cancel()
        await self._link.close()

    async def deliver(self, reply: ReplyTo, result: Result) -> None:
        """See `runtime.commands.order.Outbox.deliver`. What cannot be spoken now is not spoken later."""
        asked = hermes.Heard("", **json.loads(reply.address))
        for each in hermes.said(asked, result):
            await self._say(each)

    def _on_event(self, event: LinkEvent) -> None:
        match event:
            case Up():
                _log.info("Hermes is spoken on %s and %s", hermes.QUERY, hermes.CAPTURED)
            case Down():  # others say so in the log
                pass
            case Delivery():
                self._link.acknowledge(event)
                self._receive(event)
            case _:
                assert_never(event)

    def _receive(self, delivery: Delivery) -> None:
        if delivery.retained or len(self._tasks) >= self._limits.commands_waiting:
            _log.warning("dropped a message on %s: it is old, or one too many", delivery.topic)
            return
        try:
            asked = hermes.heard(delivery.payload, self._limits)
        except CallerError as exc:
            _log.warning("dropped a message on %s: %s", delivery.topic, exc)
            return
        work = self._understand if delivery.topic == hermes.QUERY else self._carry_out
        task = asyncio.create_task(self._guarded(work(asked)), name="mqtt.hermes")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception:  # noqa: BLE001  one message must not end the service
            _log.exception("failed on a message of Hermes")

    async def _understand(self, asked: hermes.Heard) -> None:
        house = self._house()
        sentence = Sentence(asked.text, asked.language or self._language, self._area(asked), self._clock())
        try:
            found, _ = await self._interpreter.interpret(sentence, house, NOTHING_SAID)
        except IngleError as exc:
            _log.warning("a query of Hermes was not understood: %s", exc)
            return
        await self._say(hermes.understood(asked, found, house))

    async def _carry_out(self, asked: hermes.Heard) -> None:
        now = self._clock()
        kept = {key: value for key, value in asdict(replace(asked, intents=None)).items() if key != "text"}
        order = Order(
            id=f"~hermes.{secrets.token_hex(8)}",
            sender=_SENDER,
            text=asked.text,
            action=None,
            reply=ReplyTo(CHANNEL, json.dumps(kept)),
            received_at=now,
            expires_at=now + self._expiry_s,
            language=asked.language,
            area=self._area(asked),
            session=asked.session or asked.site,
            made_up=True,
        )
        try:
            await self._taker.take(order)
        except (BusyError, CallerError) as exc:
            _log.warning("what was heard at %s is not carried out: %s", asked.site, exc)
            for each in hermes.said(asked, Result(order.id, Status.FAILED, str(exc))):
                await self._say(each)

    def _area(self, asked: hermes.Heard) -> str | None:
        """A site that is called like an area is in it."""
        return asked.site if asked.site in self._house().areas else None

    async def _say(self, publication: Publication) -> None:
        with contextlib.suppress(AwayError, BarredError, LostError, BusyError):
            await self._link.publish(publication)

"""Shows the appliance to the house: in Home Assistant, what it measures, and which devices it knows.

On a connection of its own without a session: what is shown is shown anew on each. Knows when; what is in the messages
is the business of `runtime.mqtt.appliance`.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from typing import Final, assert_never

from runtime.commands.order import Result
from runtime.commands.registry.house import House
from runtime.engine.interface import EngineStats
from runtime.errors import BusyError
from runtime.mqtt.appliance import Appliance, Gauges
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
from runtime.vitals import hottest

SESSION: Final = Session(persistent=False)
"""How the link is to be made."""
_LOOK_S: Final = 1.0
_MEASURE_S: Final = 10.0
_JITTER_S: Final = (0.5, 5.0)
"""After Home Assistant came back: with a house full of devices all of them are asked at that moment."""


class PresenceService:
    """Publishes what the appliance shows of itself, when it changes and when somebody new listens."""

    def __init__(
        self,
        link: Link,
        appliance: Appliance,
        stats: Callable[[], EngineStats],
        *,
        announce: bool,
        jitter_s: tuple[float, float] = _JITTER_S,
        look_s: float = _LOOK_S,
        temperature: Callable[[], float | None] | None = None,
    ) -> None:
        """`announce`: whether Home Assistant is to know."""
        self._link = link
        self._appliance = appliance
        self._house: Callable[[], House] | None = None
        self._announce = announce
        self._jitter_s = jitter_s
        self._look_s = look_s
        self._meter = Meter(stats, temperature or hottest)
        self._shown: House | None = None
        self._side: set[asyncio.Task[None]] = set()
        self._connected: bool | None = None

    @property
    def connected(self) -> bool:
        """Whether the broker is there."""
        return self._connected is True

    def lists(self, house: Callable[[], House]) -> None:
        """Tell which devices there are, from now on."""
        self._house = house

    def told(self, result: Result) -> None:
        """Take note of what came of a command."""
        self._meter.count()
        if self._connected:
            self._say(self._appliance.event(result))

    async def run(self, stop: asyncio.Event) -> None:
        """Show it until `stop` is set."""
        status = Subscription(f"{self._appliance.prefix}/status", retained=False)
        await self._link.open([status], None, self._on_event)
        keeping = [
            asyncio.create_task(each, name="mqtt.presence") for each in (self._measuring(), self._listing())
        ]
        try:
            await stop.wait()
        finally:
            for task in (*keeping, *self._side):
                task.cancel()
            await self._link.close()

    def _on_event(self, event: LinkEvent) -> None:
        match event:
            case Up():
                self._connected = True
                self._shown = None
                self._show()
            case Down():  # others say so in the log
                self._connected = False
            case Delivery():
                self._link.acknowledge(event)
                if event.payload == b"online" and not event.retained:
                    asyncio.get_running_loop().call_later(random.uniform(*self._jitter_s), self._show)  # noqa: S311  no secret
            case _:
                assert_never(event)

    def _show(self) -> None:
        self._say(self._appliance.discovery() if self._announce else self._appliance.withdrawal())
        self._say(self._appliance.gauges(self._meter.read()))

    async def _measuring(self) -> None:
        last = None
        while True:
            await asyncio.sleep(_MEASURE_S)
            gauges = self._meter.read()
            if gauges != last and self._connected:
                last = gauges
                await self._publish(self._appliance.gauges(gauges))

    async def _listing(self) -> None:
        """Tell which devices there are, once those that come together have come."""
        seen = None
        while True:
            await asyncio.sleep(self._look_s)
            if self._house is None:
                continue
            house, before = self._house(), seen
            seen = house.version
            settled = before == seen and (self._shown is None or self._shown.version != seen)
            if settled and self._connected:
                self._shown = house
                await self._publish(self._appliance.registry(house))

    def _say(self, publication: Publication) -> None:
        task = asyncio.create_task(self._publish(publication), name="mqtt.presence.say")
        self._side.add(task)
        task.add_done_callback(self._side.discard)

    async def _publish(self, publication: Publication) -> None:
        with contextlib.suppress(
            AwayError, BarredError, LostError, BusyError
        ):  # it is shown anew on the next connection
            await self._link.publish(publication)


class Meter:
    """Gauges out of counters."""

    def __init__(
        self,
        stats: Callable[[], EngineStats],
        temperature: Callable[[], float | None],
        today: Callable[[], int] = lambda: time.localtime().tm_yday,
    ) -> None:
        self._stats = stats
        self._temperature = temperature
        self._today = today
        self._last = stats()
        self._day, self._commands = today(), 0

    def count(self) -> None:
        """One more command."""
        self._turn()
        self._commands += 1

    def read(self) -> Gauges:
        """What there is to tell since the last reading."""
        self._turn()
        last, now = self._last, self._stats()
        self._last = now
        seconds = now.decode_seconds - last.decode_seconds
        tokens = now.completion_tokens - last.completion_tokens - (now.early_tokens - last.early_tokens)
        pace = tokens / seconds if seconds > 0 else 0.0
        return Gauges(pace, now.running + now.waiting, self._commands, self._temperature())

    def _turn(self) -> None:
        if (day := self._today()) != self._day:
            self._day, self._commands = day, 0

"""Boards on MQTT: whether they are there, how they are, what happens on them, and what Home Assistant is told of them.

A connection of its own without a session: what the broker is to keep is said anew on each, and when Home Assistant
comes back. Knows when; what is said of a board is the business of `homeassistant.py`. What the broker has kept of our
boards from before is heard on the same connection: of a board that describes itself differently it is taken back, and
a board that is not here any more is said to be away.
"""

import asyncio
import contextlib
import json
import random
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, assert_never

from firmware_bridge.board import AnyBoard
from firmware_bridge.description import Value
from firmware_bridge.events import Changed, Connected, Disconnected, Event, Happened, Logged, Missed
from runtime.boards.homeassistant import Announcer
from runtime.boards.retained import Retained
from runtime.commands.registry.homeassistant.neighbour import Thing
from runtime.commands.registry.house import House
from runtime.commands.registry.owned import Owned
from runtime.errors import BusyError
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
from runtime.mqtt.results import JSON

SESSION: Final = Session(persistent=False)
"""How the link is to be made."""
ONLINE: Final = b"online"
OFFLINE: Final = b"offline"
_JITTER_S: Final = (0.5, 5.0)
"""After Home Assistant came back: everybody in the house tells it of themselves at that moment."""
_EVENTS: Final = 256
"""So many things that happened wait for the broker; the oldest are forgotten."""
_PARTING_S: Final = 2.0
"""How long it may take to say that the boards are gone with us."""
_PAUSE_S: Final = 0.5


class Publishing:
    """Says of boards what the room hears of them. All methods are called on the event loop."""

    def __init__(
        self,
        link: Link,
        announcer: Announcer,
        house: Callable[[], House],
        owned: Mapping[str, Owned],
        *,
        announce: bool,
        jitter_s: tuple[float, float] = _JITTER_S,
    ) -> None:
        """`link`: made with `SESSION`; `house`, `owned`: devices, and what their owner says of them.

        `announce`: whether Home Assistant is to know. If not, what it was told before is taken back.
        """
        self._link = link
        self._announcer = announcer
        self._house = house
        self._owned = owned
        self._announce = announce
        self._jitter_s = jitter_s
        self._retained = Retained()
        self._happened: deque[Publication] = deque(maxlen=_EVENTS)
        self._here: set[str] = set()
        """Boards that have said, in this run, who they are."""
        self._kept: dict[str, Thing] = {}
        """What the broker keeps for Home Assistant of our boards, by topic."""
        self._news = asyncio.Event()
        self._connected = False

    def heard(self, name: str, board: AnyBoard, event: Event) -> None:
        """A board says something; `name` is its id. Its devices are in the house by then."""
        match event:
            case Connected():
                self._enter(name, board)
            case Disconnected():
                self._retained.want(self._thing(name).board_topic, OFFLINE)
            case Changed(capability, value):
                self._tell_state(name, capability, value)
            case Happened(capability, value):
                thing = self._thing(name, capability)
                if self._connected and not self._is_left_out(thing):  # nobody is owed it, least of all late
                    self._happened.append(Publication(thing.topic, _state(value), content_type=JSON))
            case Missed():
                self._tell_states(name, board)
            case Logged():
                return
            case _:
                assert_never(event)
        self._news.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until `stop` is set, then say that the boards are gone with us."""
        prefix = self._announcer.prefix
        await self._link.open(
            [
                Subscription(f"{prefix}/status", retained=False),
                Subscription(f"{prefix}/+/+/+/config", retained=True),
                Subscription(self._thing("+").board_topic, retained=True),
            ],
            None,
            self._on_event,
        )
        telling = asyncio.create_task(self._tell_all(), name="boards.publishing")
        try:
            await stop.wait()
            telling.cancel()
            await self._part()
        finally:
            telling.cancel()
            await self._link.close()

    def _thing(self, board: str, name: str = "") -> Thing:
        return Thing(self._announcer.node, board, name)

    def _enter(self, name: str, board: AnyBoard) -> None:
        """It is there, with what it describes now and nothing that it described before."""
        self._here.add(name)
        about = board.about
        messages = {}
        if self._announce and about is not None:
            messages = self._announcer.messages(
                about, board.capabilities.values(), self._house(), self._owned
            )
        for topic, thing in list(self._kept.items()):
            if thing.board == name and topic not in messages:
                self._take_back(topic, thing)
        root = f"{self._thing(name).board_topic}/"
        for topic in self._retained.topics:
            if topic.startswith(root) and topic.removeprefix(root) not in board.capabilities:
                self._retained.want(topic, b"")
        self._tell_states(name, board)
        self._retained.want(self._thing(name).board_topic, ONLINE)
        for topic, payload in messages.items():
            self._kept[topic] = self._thing(name, topic.split("/")[-2])
            self._retained.want(topic, payload)

    def _tell_states(self, name: str, board: AnyBoard) -> None:
        for capability, value in board.values.items():
            self._tell_state(name, capability, value)

    def _tell_state(self, name: str, capability: str, value: Value) -> None:
        thing = self._thing(name, capability)
        if not self._is_left_out(thing):
            self._retained.want(thing.topic, _state(value))

    def _is_left_out(self, thing: Thing) -> bool:
        """Whether its owner wants to know nothing of it."""
        owned = self._owned.get(thing.device)
        return owned is not None and owned.ignore

    def _take_back(self, topic: str, thing: Thing) -> None:
        self._kept.pop(topic, None)
        self._retained.want(topic, b"")
        if not self._retained.wants(thing.topic):  # its name may be that of something else by now
            self._retained.want(thing.topic, b"")

    def _on_event(self, event: LinkEvent) -> None:
        match event:
            case Up():
                self._connected = True
                self._say_anew()
            case Down():  # others say so in the log
                self._connected = False
                self._happened.clear()
            case Delivery():
                self._link.acknowledge(event)
                self._take(event)
            case _:
                assert_never(event)

    def _say_anew(self) -> None:
        self._retained.anew()
        self._news.set()

    def _take(self, delivery: Delivery) -> None:
        if delivery.topic == f"{self._announcer.prefix}/status":
            if delivery.payload == b"online" and not delivery.retained:
                asyncio.get_running_loop().call_later(random.uniform(*self._jitter_s), self._say_anew)  # noqa: S311  no secret
            return
        thing = self._announcer.thing(delivery.topic)
        if thing is None:
            self._take_presence(delivery)
            return
        if not delivery.payload and not delivery.oversize:
            self._kept.pop(delivery.topic, None)
        elif not self._retained.wants(delivery.topic):  # from before
            self._kept[delivery.topic] = thing
            if thing.board in self._here or not self._announce:
                self._take_back(delivery.topic, thing)
                self._news.set()

    def _take_presence(self, delivery: Delivery) -> None:
        """A board that was there when we last were, and is not now."""
        root, _, name = delivery.topic.rpartition("/")
        ours = f"{root}/" == self._thing("").board_topic
        if ours and delivery.payload == ONLINE and name not in self._here:
            self._retained.want(delivery.topic, OFFLINE)
            self._news.set()

    async def _tell_all(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._connected and (due := self._next()) is not None:
                if not await self._tell(due):
                    await asyncio.sleep(_PAUSE_S)

    def _next(self) -> Publication | None:
        if self._happened:
            return self._happened.popleft()
        due = self._retained.take()
        return None if due is None else Publication(*due, retain=True)

    async def _tell(self, publication: Publication) -> bool:
        """Whether the broker has had it, or had a reason to refuse it."""
        try:
            with contextlib.suppress(BarredError):  # the log has it, and to say it again changes no rules
                await self._link.publish(publication)
        except (AwayError, BusyError, LostError):
            if publication.retain:
                self._retained.again(publication.topic, publication.payload)
            return False
        return True

    async def _part(self) -> None:
        """Our last will says it too; who looks at a board alone hears it here."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PARTING_S):
                for name in self._here:
                    await self._tell(Publication(self._thing(name).board_topic, OFFLINE, retain=True))


def _state(value: Value) -> bytes:
    return json.dumps({"value": value}, ensure_ascii=False).encode()

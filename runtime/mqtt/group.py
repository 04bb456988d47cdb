"""What comes for whichever appliance of a group is free, and what one that went down has left undone.

A broker hands each message on a shared topic to one of those who share it. When that one goes down before it has
acknowledged, the standard lets the broker give the message to another and brokers do not; it stays in the session
of the one that is gone. So each session is under a name that the others know, and one of them, on which all of them
agree without a word, resumes it: that is all that a standard broker has to be able to do.
"""

import asyncio
import hashlib
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.mqtt.complaints import Complaints
from runtime.mqtt.connection import Connection
from runtime.mqtt.intake import Intake
from runtime.mqtt.link import Delivery, Down, Link, LinkEvent, Subscription, Up
from runtime.mqtt.topics import ANY, Topics, client_id, matches
from runtime.strict_json import parse

_log = logging.getLogger(__name__)

_EVERYONE: Final = Topics("+").status
_SETTLED_S: Final = 10.0
"""How long what a broker kept for us may take to arrive."""
_UNNOTICED_S: Final = 1.0
"""How long nobody may have noticed that one went down."""
_LONGEST_STATUS: Final = 4096
"""Bytes of what an appliance says of itself; what has more is from none."""


@dataclass(frozen=True, slots=True)
class Grace:
    """How long one that went down has to come back before others do its work, in seconds; drawn at random."""

    shortest: float = 3.0
    longest: float = 6.0


_GRACE: Final = Grace()


@dataclass(frozen=True, slots=True)
class Group:
    """The names of a group."""

    name: str
    node: str
    """Ours in it."""

    @property
    def shared(self) -> tuple[str, ...]:
        """Filters of what is shared."""
        topics = Topics(ANY)
        return tuple(f"$share/{self.name}/{each}" for each in (topics.command, topics.command_from))

    def client_id(self, node: str) -> str:
        """Under which a node's share of the work is kept at the broker."""
        return client_id(node, "group", group=self.name)

    def heir(self, node: str, there: frozenset[str]) -> str | None:
        """Who of those that are there resumes the session of one that is not: the same, whoever is asked."""
        return max(there, key=lambda each: hashlib.sha256(f"{node}/{each}".encode()).digest(), default=None)


class GroupService:
    """Our share of a group's commands, and the shares of those whose heir we are."""

    def __init__(
        self,
        group: Group,
        connect: Callable[[str], Link],
        intake: Callable[[Link], Intake],
        limits: Limits,
        grace: Grace = _GRACE,
    ) -> None:
        """`connect` makes a link of a client id, `intake` takes what comes on a link.

        `limits`: `drain_seconds` for that at the end, and of how many members we know.
        """
        self._group = group
        self._connect = connect
        self._intake = intake
        self._limits = limits
        self._complaints = Complaints(_log)
        self._grace = grace
        self._link = connect(group.client_id(group.node))
        self._own = intake(self._link)
        self._states: dict[str, bool] = {}
        """Whether they are there, of all of the group."""
        self._gone_since: dict[str, float] = {}
        """Seconds since the epoch; of those that we saw go."""
        self._settling: asyncio.TimerHandle | None = None
        self._over: dict[str, asyncio.Event] = {}
        """By the nodes that we stand in for: to be set when that ends."""
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._connection = Connection(_log)
        self._stopping = False

    @property
    def connected(self) -> bool:
        """Whether we have a share now."""
        return self._connection.there

    @property
    def stands_in_for(self) -> frozenset[str]:
        """The nodes whose share we do."""
        return frozenset(self._over)

    async def run(self, stop: asyncio.Event) -> None:
        """Take commands until `stop` is set; then leave the others what is not taken."""
        shared = [Subscription(each) for each in self._group.shared]
        await self._link.open([*shared, Subscription(_EVERYONE, qos=0, retained=True)], None, self._on_event)
        await stop.wait()
        self._stopping = True
        for node, task in self._tasks.items():
            if node in self._over:
                self._over[node].set()
            else:
                task.cancel()
        self._link.unsubscribe(self._group.shared)
        await self._own.finish(self._limits.drain_seconds)
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=self._limits.drain_seconds)
        for task in self._tasks.values():
            task.cancel()
        await self._link.close()

    def _on_event(self, event: LinkEvent) -> None:
        match event:
            case Up(_, refused):
                self._connection.up(f"commands for the group {self._group.name} are taken", refused)
                loop = asyncio.get_running_loop()
                self._settling = loop.call_later(_SETTLED_S, self._own.present)
            case Down(reason, silent_s):
                self._connection.down(f"no commands for the group {self._group.name}", reason)
                if self._settling is not None:
                    self._settling.cancel()
                self._own.away(time.time() - silent_s)
            case Delivery() if matches(_EVERYONE, event.topic):
                self._hear(event)
            case Delivery():
                self._own.receive(event)
            case _:
                assert_never(event)

    def _hear(self, delivery: Delivery) -> None:
        """Somebody comes, or goes."""
        node = delivery.topic.split("/")[1]
        if delivery.oversize or len(delivery.payload) > _LONGEST_STATUS:
            return
        try:
            said = parse(delivery.payload, depth=4) if delivery.payload else {}
        except CallerError:
            return
        if not isinstance(said, dict) or said.get("group") != self._group.name:
            self._states.pop(node, None)
            self._gone_since.pop(node, None)
        elif node not in self._states and len(self._states) >= self._limits.group_members:
            self._complaints.about(delivery.topic, "limits.group_members are known already")
        else:
            before, there = self._states.get(node), said.get("state") == "online"
            self._states[node] = there
            if there or before is None:
                self._gone_since.pop(node, None)
            elif before:
                self._gone_since[node] = time.time()
        for each in {*self._states, *self._over} - {self._group.node}:
            self._settle(each)

    def _settle(self, node: str) -> None:
        """Do what a node's coming or going asks of us."""
        if not self._is_mine(node):
            if node in self._over:
                self._over[node].set()
        elif node not in self._tasks:
            task = asyncio.create_task(self._stand_in(node), name=f"mqtt.group.{node}")
            self._tasks[node] = task
            task.add_done_callback(lambda _: self._stood_in(node))

    def _is_mine(self, node: str) -> bool:
        """Whether we do what a node has left."""
        there = frozenset(name for name, is_there in self._states.items() if is_there) | {self._group.node}
        left = self._states.get(node) is False and not self._stopping
        return left and self._group.heir(node, there) == self._group.node

    async def _stand_in(self, node: str) -> None:
        while self._is_mine(node):
            await asyncio.sleep(random.uniform(self._grace.shortest, self._grace.longest))  # noqa: S311  no secret
            if self._is_mine(node):
                _log.info("%s is gone: what it left undone is done here", node)
                await self._resume(node)

    def _stood_in(self, node: str) -> None:
        del self._tasks[node]
        self._settle(node)  # it may have gone once more meanwhile

    async def _resume(self, node: str) -> None:
        """Be the node to the broker until it is back, or somebody else is it."""
        over = self._over[node] = asyncio.Event()
        link = self._connect(self._group.client_id(node))
        intake = self._intake(link)
        intake.present()
        intake.away(self._gone_since.get(node, 0.0) - _UNNOTICED_S)

        def heard(event: LinkEvent) -> None:
            match event:
                case Up():
                    link.unsubscribe(self._group.shared)  # what comes from now on is for those who are there
                case Down():
                    over.set()
                case Delivery() if not matches(_EVERYONE, event.topic):
                    intake.receive(event)

        try:
            await link.open([], None, heard)
            await over.wait()
        finally:
            del self._over[node]
            await intake.finish(self._limits.drain_seconds)
            await link.close()

"""All the ways over MQTT in which commands come in, put together: our own topics, a group's, Hermes.

Each has a connection of its own. Knows what is made of what, and that they stop together.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from runtime.commands.desk.border import Interpreter
from runtime.commands.order import Outbox, Taker
from runtime.commands.registry.house import House
from runtime.commands.registry.live import Registry
from runtime.config import Config
from runtime.mqtt import dialogue
from runtime.mqtt.client import PahoLink
from runtime.mqtt.commands import CommandService
from runtime.mqtt.dialogue import HermesService
from runtime.mqtt.group import Group, GroupService
from runtime.mqtt.link import Endpoint, Link, Session
from runtime.mqtt.orders import CHANNEL, Reader
from runtime.mqtt.replies import DeviceTopics, Replies
from runtime.mqtt.topics import Topics, client_id

SESSION: Final = Session(window=64, outgoing=256)
"""Of commands, which are acknowledged within milliseconds."""


@dataclass(frozen=True, slots=True)
class Room:
    """What commands are taken to."""

    taker: Taker
    interpreter: Interpreter
    registry: Registry
    last_there: float | None
    """When the broker was there for us, as far as is known, in seconds since the epoch, before this start."""
    replies: Replies
    """Where senders may have results sent."""


def replies_of(config: Config, registry: Registry, heard: Callable[[str], bool]) -> Replies:
    """Where senders may have results sent; `heard`: whether we listen on a topic for what a device says."""
    devices = DeviceTopics(lambda: registry.house, registry.outgoing)
    return Replies(config.mqtt.reply_topics, config.mqtt.discovery_prefix, devices, heard)


class CommandFront:
    """Takes commands from one broker."""

    def __init__(self, config: Config, endpoint: Endpoint, room: Room) -> None:
        """Connect nothing yet.

        Raises:
            ConfigError: a certificate cannot be read.
        """
        topics, limits, settings = Topics(config.mqtt.node), config.limits, config.commands

        def connect(name: str, session: Session = SESSION) -> Link:
            return PahoLink(endpoint, name, limits, session=session)

        def house() -> House:
            return room.registry.house

        reader = Reader(room.replies, limits, settings.expiry_s, settings.answers, house, settings.languages)
        self._own = CommandService(
            connect(client_id(topics.node, "commands")),
            topics,
            room.taker,
            reader,
            last_there=room.last_there,
        )
        self._group = self._hermes = None
        self._there_until: float | None = None
        if config.mqtt.group is not None:
            group = Group(config.mqtt.group, topics.node)
            self._group = GroupService(group, connect, self._own.intake, limits)
        if config.mqtt.hermes:
            self._hermes = HermesService(
                connect(client_id(topics.node, "hermes"), dialogue.SESSION),
                room.taker,
                room.interpreter,
                house,
                limits,
                language=settings.languages[0],
                expiry_s=settings.expiry_s,
            )

    @property
    def outboxes(self) -> Mapping[str, Outbox]:
        """Where results go out, by channel."""
        hermes = {} if self._hermes is None else {dialogue.CHANNEL: self._hermes}
        return {CHANNEL: self._own, **hermes}

    @property
    def there_until(self) -> float | None:
        """When the broker was last there for us, in seconds since the epoch."""
        return self._there_until

    async def run(self, stop: asyncio.Event) -> None:
        """Take commands until `stop` is set. Results go out until `close`."""
        async with asyncio.TaskGroup() as tasks:
            for each in (self._own, self._group, self._hermes):
                if each is not None:
                    tasks.create_task(each.run(stop), name=f"mqtt.{type(each).__name__}")
            await stop.wait()
            self._there_until = self._own.there_until

    async def close(self) -> None:
        """Leave the broker."""
        await self._own.close()
        if self._hermes is not None:
            await self._hermes.close()

"""The command room put together: devices, understanding, desk, journal and the ways in. Part of the composition root.

Knows what is made of what, and in which order it starts and stops. Devices are heard before orders are taken, and told
until the last order is done.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from models.errors import ModelError, StoreError
from models.licences.policy import enforce
from models.store import Store
from runtime.api.kiosk.around import Around, Board
from runtime.api.ordering import CHANNEL as HTTP
from runtime.api.ordering import HttpCommands
from runtime.boarding import board_publishing, board_room
from runtime.boards.entries import CHANNEL as BOARDS
from runtime.boards.entries import shown
from runtime.commands.answering import ModelAnswers
from runtime.commands.asking.stage import Asking
from runtime.commands.choice.stage import Choice
from runtime.commands.desk.desk import Desk
from runtime.commands.desk.settings import DeskSettings
from runtime.commands.interpret import Interpreter
from runtime.commands.journal.journal import Journal
from runtime.commands.order import Result
from runtime.commands.policy.policy import Policy
from runtime.commands.policy.seen import Seen
from runtime.commands.registry.house import House
from runtime.commands.registry.live import Registry
from runtime.commands.registry.toml import SOURCE as TOML
from runtime.commands.registry.toml import HouseFile
from runtime.commands.registry.wiring import CHANNEL as DEVICES
from runtime.commands.rules.clarified import Clarified
from runtime.commands.rules.owner import Sentences
from runtime.commands.rules.stage import Rules
from runtime.commands.sentence import Memory, Sentence
from runtime.commands.sessions import Sessions
from runtime.commands.shortlist.likeness import Encoder
from runtime.commands.unmatched import unmatched
from runtime.completion import Completer
from runtime.config import Config
from runtime.encoding import TextEncoder
from runtime.errors import BundleError
from runtime.mqtt.absence import LastThere
from runtime.mqtt.client import PahoLink
from runtime.mqtt.devices import SESSION as DEVICE_SESSION
from runtime.mqtt.devices import DeviceFeed
from runtime.mqtt.dialogue import CHANNEL as HERMES
from runtime.mqtt.front import CommandFront, Room, replies_of
from runtime.mqtt.link import Endpoint
from runtime.mqtt.orders import CHANNEL as MQTT
from runtime.mqtt.replies import Replies
from runtime.mqtt.topics import client_id
from runtime.owned import Owned
from runtime.voice.answering import SpokenCommands
from runtime.wire.commands import OrderReader

if TYPE_CHECKING:
    from runtime.commands.order import Outbox
    from runtime.commands.registry.binding import Channel

_log = logging.getLogger(__name__)

_FROM_BROKER: Final = (MQTT, HERMES)
"""Whose orders show that the broker was there for us."""
_SESSIONS: Final = 1000
_NOTHING: Final = "words that follow no template"
_BROKER_S: Final = 5.0
"""How long the start waits for a broker before orders are taken without."""
_RETAINED_S: Final = 1.0
"""How long what a broker has kept takes to arrive."""
_SETTLED_S: Final = 30.0
"""How long bridges have to tell of their devices before it is said which of the owner's names fit none."""


def find_encoder(config: Config, state: Path) -> TextEncoder | None:
    """What tells sentences of like meaning; None, with a line in the log, if it is not to be had.

    Takes some hundred milliseconds.
    """
    name = config.commands.encoder
    try:
        bundle = Store.below(state).resolve(name)
    except StoreError as exc:
        pull = "commands are understood by their words alone; `ingle pull %s` adds their meaning (%s)"
        _log.info(pull, name, exc)
        return None
    try:
        enforce(config.policy, bundle.manifest.licence, bundle.reference)
        return TextEncoder.load(bundle, "embed", threads=1)
    except (ModelError, BundleError) as exc:
        _log.warning("commands are understood by their words alone: %s", exc)
        return None


def understanding(
    languages: Sequence[str],
    encoder: Encoder | None,
    *,
    sentences: Sentences | None = None,
    completer: Completer | None = None,
) -> Interpreter:
    """The stages in their order; takes some hundred milliseconds a language."""
    return Interpreter(
        (Clarified(), Rules(languages, sentences)),
        (Asking(), Choice(encoder, completer)),
        None if completer is None or not completer.chats else ModelAnswers(completer),
        languages=languages,
    )


async def prepare(interpreter: Interpreter, house: House, languages: Sequence[str]) -> None:
    """Understand what nobody said: what the stages keep of a house is then there for the first command.

    Takes some hundred milliseconds the first time, and what new devices need later.
    """
    for language in languages:
        try:
            await interpreter.interpret(Sentence(_NOTHING, language), house, Memory())
        except Exception:  # noqa: BLE001  whatever it is, a command that meets it is answered so, and the house goes on
            _log.warning("the first command will take longer than others", exc_info=True)


def _desk_settings(config: Config) -> DeskSettings:
    return DeskSettings(
        language=config.commands.languages[0],
        state_wait_s=config.commands.state_wait_s,
        drain_s=config.limits.drain_seconds,
        orders=config.limits.commands_open,
        plans=config.limits.commands_planned,
    )


class Commanding:
    """What takes commands, and sees to them."""

    def __init__(
        self,
        config: Config,
        registry: Registry,
        journal: Journal,
        interpreter: Interpreter,
        owned: Owned,
        *,
        feed: DeviceFeed | None,
        endpoint: Endpoint | None,
        http: HttpCommands,
        spoken: Sequence[SpokenCommands],
        told: Callable[[Result], None],
        last_there: float | None,
    ) -> None:
        """`endpoint` and `feed` are None where there is no broker: then only HTTP and `spoken` take orders.

        `told` hears what came of each order; `last_there`: when the broker was there for us, as far as is known.
        """
        settings = config.commands
        self._feed = feed
        self._http = http
        self._spoken = spoken
        self._config = config
        self._registry = registry
        self._interpreter = interpreter
        self._owned = owned
        self._orders = OrderReader(
            config.limits, settings.expiry_s, settings.answers, lambda: registry.house, settings.languages
        )
        self._publishing = board_publishing(config, endpoint, registry, owned)
        self._boards = board_room(config, registry, owned, self._publishing)
        channels: dict[str, Channel] = {} if feed is None else {DEVICES: feed}
        if self._boards is not None:
            channels[BOARDS] = self._boards
        outboxes: dict[str, Outbox] = {HTTP: http, **{each.name: each for each in spoken}}
        policy = Policy(owned.policy)
        self._policy = policy
        self._seen: dict[str, Seen] = {}
        """By sender: as many as there are keys."""
        self.desk = Desk(
            registry,
            interpreter,
            policy,
            journal,
            channels,
            outboxes,
            sessions=Sessions(_SESSIONS),
            settings=_desk_settings(config),
            told=told,
        )
        self._front: CommandFront | None = None
        if endpoint is not None:
            room = Room(self.desk, interpreter, registry, last_there, self.replies)
            self._front = CommandFront(config, endpoint, room)
            outboxes.update(self._front.outboxes)

    async def _prepare(self) -> None:
        await prepare(self._interpreter, self.house, self._config.commands.languages)

    @property
    def there_until(self) -> float | None:
        """When the broker was last there for us, in seconds since the epoch."""
        return None if self._front is None else self._front.there_until

    @property
    def replies(self) -> Replies:
        """Where senders may have answers sent: nowhere that a device listens."""
        heard = _nothing_heard if self._feed is None else self._feed.hears
        return replies_of(self._config, self._registry, heard)

    @property
    def interpreter(self) -> Interpreter:
        """What understands, and does nothing."""
        return self._interpreter

    @property
    def house(self) -> House:
        """The devices that there are now."""
        return self._registry.house

    def tell(self, around: Around) -> None:
        """Have the page look here for the house and the boards."""
        around.house = lambda: self.house
        around.seen = self._seen_by
        around.languages = self._config.commands.languages
        around.boards = self._told_boards

    def _seen_by(self, sender: str) -> House:
        if sender not in self._seen:
            self._seen[sender] = Seen(self._policy, sender, lambda: self.house)
        return self._seen[sender]()

    def _told_boards(self) -> list[Board]:
        there = {} if self._boards is None else self._boards.boards
        known = [(name, board, board.about) for name, board in there.items()]
        return [
            Board(name, shown(about.name) or name, shown(about.firmware), board.connected)
            for name, board, about in known
            if about is not None
        ]

    async def run(self, stop: asyncio.Event) -> None:
        """Take orders until `stop` is set, and see to those that were taken.

        Raises:
            JournalError: the journal is damaged.
        """
        done, over = asyncio.Event(), asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            if self._boards is not None:
                tasks.create_task(self._boards.run(over), name="commands.boards")
            if self._publishing is not None:
                tasks.create_task(self._publishing.run(over), name="commands.boards.publishing")
            if self._feed is not None:
                tasks.create_task(self._feed.run(over), name="commands.devices")
                tasks.create_task(self._prepare(), name="commands.prepare.written")
                await _known(self._feed)
            tasks.create_task(self._prepare(), name="commands.prepare")
            desk = tasks.create_task(self.desk.run(done), name="commands.desk")
            looking = tasks.create_task(self._tell_unmatched(), name="commands.unmatched")
            self._http.open(self.desk, self._orders)
            for each in self._spoken:
                each.open(self.desk)
            if self._front is None:
                await stop.wait()
            else:
                await self._front.run(stop)
            looking.cancel()
            done.set()
            await desk
            if self._front is not None:
                await self._front.close()
            over.set()

    async def _tell_unmatched(self) -> None:
        """One line in the log for each name of the owner's that fits nothing, once the devices had time to come."""
        if self._feed is not None:
            while not self._feed.connected:  # noqa: ASYNC110  said once, after the start
                await asyncio.sleep(1.0)
            await asyncio.sleep(_SETTLED_S)
        owned = self._owned
        for line in unmatched(owned.policy, owned.house, owned.sentences, self.house):
            _log.warning(line)


def _nothing_heard(_topic: str) -> bool:
    """Without a broker."""
    return False


async def _known(feed: DeviceFeed) -> None:
    """Wait until what the broker has kept of devices is here, but not for ever."""
    try:
        async with asyncio.timeout(_BROKER_S):
            while not feed.connected:  # noqa: ASYNC110  said once, at the start
                await asyncio.sleep(0.05)
    except TimeoutError:
        return
    await asyncio.sleep(_RETAINED_S)


@asynccontextmanager
async def commands_of(
    config: Config,
    state: Path,
    owned: Owned,
    completer: Completer,
    endpoint: Endpoint | None,
    http: HttpCommands,
    told: Callable[[Result], None],
    spoken: Sequence[SpokenCommands] = (),
) -> AsyncIterator[Commanding]:
    """The command room of a configuration; `run` it within the block. `told` hears what came of an order.

    `http` and `spoken` are ways in, besides those that a broker is.

    Raises:
        BusyError: the journal cannot be opened.
    """
    encoder = await asyncio.to_thread(find_encoder, config, state)
    interpreter = await asyncio.to_thread(
        understanding, config.commands.languages, encoder, sentences=owned.sentences, completer=completer
    )
    registry = Registry(config.limits.devices)
    feed = None
    if endpoint is not None:
        feed = _feed(config, endpoint, registry, owned.house)
    else:
        _write_down(owned.house, registry)
    journal, there = await Journal.open(state / "journal.db"), LastThere(state)
    try:
        moments = (await journal.last_taken(_FROM_BROKER), there.read())
        commanding = Commanding(
            config,
            registry,
            journal,
            interpreter,
            owned,
            feed=feed,
            endpoint=endpoint,
            http=http,
            spoken=spoken,
            told=told,
            last_there=max((each for each in moments if each is not None), default=None),
        )
        yield commanding
        there.keep(commanding.there_until)
    finally:
        await journal.close()


def _write_down(house: HouseFile, registry: Registry) -> None:
    """Know the owner's devices though nothing can be sent to them: sentences are still understood."""
    for area in house.areas:
        registry.put_area(area)
    for found in house.devices:
        registry.put(TOML, found.entry)


def _feed(config: Config, endpoint: Endpoint, registry: Registry, house: HouseFile) -> DeviceFeed:
    link = PahoLink(endpoint, client_id(config.mqtt.node, "devices"), config.limits, session=DEVICE_SESSION)
    return DeviceFeed(
        link, registry, config.limits, house=house, prefix=config.mqtt.discovery_prefix, node=config.mqtt.node
    )

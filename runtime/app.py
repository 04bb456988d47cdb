"""The appliance: which part is made when, and how they all stop. The composition root.

The listener is up first and says that the model is still being loaded. A first SIGTERM or SIGINT drains: nothing
new begins, what runs may finish, and whoever asks meanwhile is told so. A second one ends the process at once.
"""

import asyncio
import gc
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import runtime
from models.durable import keep_private
from models.machine import Machine
from models.store import Bundle, Store
from runtime.api.keys import DOOR
from runtime.api.kiosk.around import Around
from runtime.api.ordering import HttpCommands
from runtime.api.server import drain, make_app, make_runner
from runtime.api.serving import Serving
from runtime.audit import audit_of
from runtime.commanding import Commanding, commands_of
from runtime.commands.order import Result
from runtime.completion import Completer
from runtime.config import Broker, Config, Mqtt
from runtime.config.secret import find_secret, read_secret
from runtime.conversing import Conversing, lend_room, serve_wyoming
from runtime.engine.turns import Turns
from runtime.errors import BusyError
from runtime.keyring import KeyFile, file_of
from runtime.limits import Limits
from runtime.listener import access, find_key, listen
from runtime.loading import Loader, find_bundle
from runtime.logbook import Logbook
from runtime.mqtt.appliance import Appliance
from runtime.mqtt.client import PahoLink
from runtime.mqtt.embedded import EmbeddedBroker, EmbeddedBrokerError
from runtime.mqtt.link import Endpoint, Session
from runtime.mqtt.presence import SESSION as PRESENCE_SESSION
from runtime.mqtt.presence import PresenceService
from runtime.mqtt.replies import Replies
from runtime.mqtt.service import MqttService
from runtime.mqtt.topics import Topics, client_id
from runtime.notify import Notifier
from runtime.owned import Owned
from runtime.residency.residents import Model, Residents
from runtime.residency.stock import IngleStock
from runtime.room import serve_room
from runtime.stopping import stop_on_signals
from runtime.tls import Secrecy, public_certificate, secrecy_of
from runtime.vitals import hottest
from runtime.voice.border import VoiceActivity, Voices
from runtime.voice.vad import SileroActivity
from runtime.voicing import Voicing, voices_of

_log = logging.getLogger(__name__)

_INGLE: Final = (sys.executable, "-P", "-m", "runtime")


@dataclass(frozen=True, slots=True)
class Login:
    """How a client gets into the broker: what it needs besides the address."""

    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """Where the appliance can be reached, now that it answers."""

    model: str
    version: str
    kv: str
    """As what keys and values are remembered; empty where nothing is."""
    host: str
    port: int
    key: Path | None
    broker: Broker | None
    topics: Topics
    commands: bool
    login: Login
    certificate: Path | None = None
    """What callers are shown in TLS; None without."""
    fingerprint: str = ""
    """Of that: SHA-256."""


async def serve(
    config: Config,
    *,
    state: Path,
    environ: Mapping[str, str] = os.environ,
    announce: Callable[[Started], None] = lambda _: None,
    load: Callable[[Bundle], Model] | None = None,
    config_file: Path | None = None,
    voices: Voices | None = None,
    activity: Callable[[], VoiceActivity] = SileroActivity,
) -> None:
    """Serve until a signal says to stop, then drain. `load` brings a bundle into memory; it is called on a thread.

    `config_file`: where the configuration was read, if not in the usual places. `voices`: what hears and speaks over
    HTTP, if not what the configuration names; `activity` makes what tells speech from silence there.

    Raises:
        StoreError: the model is not on this machine.
        PolicyError: the owner's policy rules out its licence.
        BundleError: it cannot be loaded.
        ConfigError: a secret, a certificate, or a file in which the owner describes the house cannot be read.
        ListenError: the port is taken.
    """
    owned = Owned.read(config, state) if config.commands.enabled else Owned()
    bundle = find_bundle(config, state)
    _shut(state)
    key = find_key(config.server, state, environ)
    secrecy = secrecy_of(config.server, state, environ)
    notifier = Notifier.from_environment(environ)
    stop = stop_on_signals()
    serving = Serving()
    http, around = HttpCommands(wanted=config.commands.enabled), Around()
    conversing = Conversing(config)
    stock = IngleStock(_INGLE, state, config_file, environ)
    turns, book = Turns(), Logbook(config.limits.log_lines)
    async with AsyncExitStack() as parts:
        parts.enter_context(book.listening())
        voicing = await parts.enter_async_context(
            voices_of(config, state, turns, lambda: around.house())  # noqa: PLW0108  another one once there is a house
        )
        app = make_app(
            serving, limits=config.limits, clients=config.clients, audit=audit_of(config.logging, state),
            access=access(config.server, key, state), commands=http, around=around, stock=stock,
            voices=voices or voicing, activity=activity, keys=KeyFile(file_of(state)), log=book,
        )  # fmt: skip
        runner = make_runner(app)
        parts.push_async_callback(runner.cleanup)
        await runner.setup()
        port = await listen(runner, app[DOOR], config.server, secrecy)
        endpoint = await parts.enter_async_context(_endpoint(config.mqtt, environ))
        link = None if endpoint is None else _chat_link(endpoint, config.mqtt.node, config.limits)
        notifier.status(f"loading {bundle.reference}")
        residents = _residents(config, state, load or Loader(config, state, turns).load)
        parts.push_async_callback(residents.close)
        completer = await residents.pin(bundle)
        serving.ready(residents)
        notifier.ready()
        notifier.status(f"answering as {completer.name} on port {port}")
        login = _login(config.mqtt, environ)
        started = _started(completer, config, port, key, endpoint, login)
        announce(started if secrecy is None else _secret(started, secrecy, config, state))
        async with asyncio.TaskGroup() as tasks:
            watchdog = tasks.create_task(notifier.watch(), name="notify.watchdog")
            presence = None if endpoint is None else _presence(endpoint, config, completer)
            told = presence.told if presence else _ignore
            room = commands_of(config, state, owned, completer, endpoint, http, told, tuple(conversing))
            commanding = await _opened(room, parts, http, conversing)
            _show(around, commanding, presence)
            works = _works(config, completer, link, presence, commanding, secrecy, voicing, conversing, stop)
            for name, work in works:
                tasks.create_task(work, name=name)
            gc.collect()
            gc.freeze()  # what is there now stays; a collection that looks through it stops everybody for 30 ms
            await stop.wait()
            _log.info("stopping: running answers may take %g s to finish", config.limits.drain_seconds)
            notifier.stopping()
            await drain(runner.app)
            watchdog.cancel()
        await runner.cleanup()


def _show(around: Around, commanding: Commanding | None, presence: PresenceService | None) -> None:
    """Have the page tell of what there is."""
    if commanding is not None:
        commanding.tell(around)
    if presence is not None:
        around.broker = lambda: presence.connected


def _shut(state: Path) -> None:
    """Let nobody else look into the state directory: it has what was said to the house."""
    try:
        keep_private(state)
    except OSError as exc:
        _log.warning("others may look into %s (%s); run `chmod 700 %s`", state, exc.strerror, state)


def _residents(config: Config, state: Path, load: Callable[[Bundle], Model]) -> Residents:
    """The models that this machine has memory for: seven tenths of it, where the owner does not say."""
    store = Store.below(state)
    most = config.limits.model_bytes
    return Residents(
        store,
        config.model.name,
        lambda bundle: asyncio.to_thread(load, bundle),
        policy=config.policy,
        budget=7 * Machine.measure(store.root).memory_total // 10 if most is None else most,
        keep_alive_s=config.model.keep_alive_s,
    )


def _started(
    completer: Completer,
    config: Config,
    port: int,
    key: Path | None,
    endpoint: Endpoint | None,
    login: Login,
) -> Started:
    broker, loaded = None if endpoint is None else endpoint.broker, completer.manifest
    return Started(
        loaded.name,
        loaded.version,
        loaded.kv,
        config.server.host,
        port,
        key,
        broker,
        Topics(config.mqtt.node),
        config.commands.enabled,
        login,
    )


def _secret(started: Started, secrecy: Secrecy, config: Config, state: Path) -> Started:
    """The same, and how the appliance is known."""
    return replace(
        started,
        certificate=public_certificate(config.server, state),
        fingerprint=secrecy.fingerprint.hex(":").upper(),
    )


def _login(settings: Mqtt, environ: Mapping[str, str]) -> Login:
    """The owner's broker's; one of our own lets everybody in."""
    if settings.broker is None:
        return Login()
    password = find_secret("mqtt.password", settings.password_file, environ)
    return Login(settings.username, password, settings.ca_file, settings.cert_file, settings.key_file)


def _works(
    config: Config,
    completer: Completer,
    link: PahoLink | None,
    presence: PresenceService | None,
    commanding: Commanding | None,
    secrecy: Secrecy | None,
    voicing: Voicing | None,
    conversing: Conversing,
    stop: asyncio.Event,
) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
    """What runs beside the HTTP listener until `stop` is set, each with its name."""
    replies = Replies(config.mqtt.reply_topics, config.mqtt.discovery_prefix)
    withdraw: Callable[[str, str], Awaitable[bool]] | None = None
    if commanding is not None:
        replies, withdraw = commanding.replies, commanding.desk.withdraw
        if presence is not None:
            presence.lists(lambda: commanding.house)
        yield "commands", commanding.run(stop)
    if link is not None:
        mqtt = MqttService(
            link,
            Topics(config.mqtt.node),
            completer,
            config.limits,
            version=runtime.__version__,
            replies=replies,
            group=config.mqtt.group,
            withdraw=withdraw,
        )
        yield "mqtt", mqtt.run(stop)
    if presence is not None:
        yield "mqtt.presence", presence.run(stop)
    if secrecy is not None:
        yield "tls.renewal", secrecy.keep(stop)
    conversing.talk_with(completer)
    if voicing is not None:
        yield "voice.warm", voicing.warm()
    if voicing is not None and config.voice.wyoming:
        yield "voice.wyoming", serve_wyoming(config, voicing, conversing.wyoming, commanding, stop)
    if config.voice.enabled and config.voice.satellite:
        yield "voice.satellite", lend_room(config, stop)
    elif voicing is not None and config.voice.microphone is not None:
        yield "voice.room", serve_room(config, voicing, conversing.voice, stop)


def _chat_link(endpoint: Endpoint, node: str, limits: Limits) -> PahoLink:
    """The connection of questions: no more of them at a time than there are places to wait."""
    session = Session(window=limits.queue_depth, outgoing=4 * limits.queue_depth)
    return PahoLink(endpoint, client_id(node), limits, session=session)


def _presence(endpoint: Endpoint, config: Config, completer: Completer) -> PresenceService:
    """What the appliance shows of itself: to Home Assistant only at a broker that the owner named."""
    settings = config.mqtt
    link = PahoLink(endpoint, client_id(settings.node, "presence"), config.limits, session=PRESENCE_SESSION)
    appliance = Appliance(
        Topics(settings.node),
        runtime.__version__,
        settings.discovery_prefix,
        commands=config.commands.enabled,
        temperature=hottest() is not None,
    )
    return PresenceService(link, appliance, lambda: completer.engine.stats, announce=settings.announces)


async def _opened(
    room: AbstractAsyncContextManager[Commanding],
    parts: AsyncExitStack,
    http: HttpCommands,
    conversing: Conversing,
) -> Commanding | None:
    """The command room, if the owner wants it and its journal can be had; chats are answered without."""
    if not http.wanted:
        return None
    try:
        return await parts.enter_async_context(room)
    except BusyError as exc:
        why = f"no commands are taken: {exc}; then start the appliance again"
        http.shut(why)
        conversing.shut(why)
        _log.error(why)
        return None


def _ignore(_result: Result) -> None:
    """Where nobody is shown what came of a command."""


@asynccontextmanager
async def _endpoint(settings: Mqtt, environ: Mapping[str, str]) -> AsyncIterator[Endpoint | None]:
    """The broker the owner named, else one of our own; None, with a line in the log, if that is not to be had."""
    if settings.broker is not None:
        password = find_secret("mqtt.password", settings.password_file, environ)
        secret = None if password is None else read_secret(password)
        yield Endpoint(
            Broker.parse(settings.broker),
            settings.username,
            secret,
            settings.ca_file,
            settings.cert_file,
            settings.key_file,
        )
        return
    try:
        embedded = await EmbeddedBroker.start(settings.embedded_port) if settings.embedded else None
    except EmbeddedBrokerError as exc:
        _log.warning("no MQTT: %s", exc)
        embedded = None
    if embedded is None:
        yield None
        return
    try:
        yield Endpoint(embedded.address, version5=False)
    finally:
        await embedded.close()

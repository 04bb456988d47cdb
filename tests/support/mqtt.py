"""MQTT for tests: a link without a network, a real mosquitto, and a plain client to talk to brokers with."""

import asyncio
import contextlib
import getpass
import json
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from runtime.config import Broker
from runtime.mqtt.link import (
    AwayError,
    BarredError,
    Delivery,
    Down,
    LostError,
    Publication,
    Session,
    Sink,
    Subscription,
    Up,
)
from runtime.mqtt.topics import check_filter, check_topic, matches

_SESSION: Final = Session()


class MemoryLink:
    """Implements `Link`; the test plays the broker."""

    def __init__(self, session: Session = _SESSION) -> None:
        self.session = session
        self.published: list[Publication] = []
        self.acknowledged: list[Delivery] = []
        self.will: Publication | None = None
        self.subscriptions: dict[str, Subscription] = {}
        self.unsubscribed: list[str] = []
        self.opened = False
        self.closed = False
        self.connected = False
        self.confirming = asyncio.Event()
        """While it is not set, no publication is confirmed."""
        self.confirming.set()
        self.barred: set[str] = set()
        """Topics on which the broker lets us not publish."""
        self._lost = asyncio.Event()
        self._epoch = 0
        self._packet = 0
        self._delivered: dict[int, Delivery] = {}

    async def open(self, subscriptions: Iterable[Subscription], will: Publication | None, sink: Sink) -> None:
        self.subscribe(subscriptions)
        self.will, self._sink, self.opened = will, sink, True

    async def publish(self, publication: Publication) -> None:
        check_topic(publication.topic)
        now_or_never = publication.qos == 0 or not self.session.persistent
        if now_or_never and not self.connected:
            raise AwayError("the test says so")
        self.published.append(publication)
        if publication.qos == 0:
            return
        if publication.topic in self.barred:
            raise BarredError(publication.topic, "the test says so")
        waits = {asyncio.ensure_future(self.confirming.wait())}
        if not self.session.persistent:
            waits.add(asyncio.ensure_future(self._lost.wait()))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()
        if not self.confirming.is_set():
            raise LostError("the test says so")

    def subscribe(self, subscriptions: Iterable[Subscription]) -> None:
        self.subscriptions |= {check_filter(each.filter): each for each in subscriptions}

    def unsubscribe(self, filters: Iterable[str]) -> None:
        for each in filters:
            self.subscriptions.pop(check_filter(each), None)
            self.unsubscribed.append(each)

    def acknowledge(self, delivery: Delivery) -> None:
        if delivery.epoch == self._epoch:
            self.acknowledged.append(self._delivered[delivery.packet])

    async def close(self) -> None:
        self.closed = True

    def up(self, *, session_present: bool = False, refused: tuple[str, ...] = ()) -> None:
        self._epoch += 1
        self.connected = True
        self._lost.clear()
        self._sink(Up(session_present, refused))

    def down(self) -> None:
        self._epoch += 1
        self.connected = False
        self._lost.set()
        self._sink(Down("the test says so"))

    def deliver(self, message: object, *, topic: str | None = None, **beside: Any) -> Delivery:
        """As a broker does; `beside` is what a delivery has besides payload and topic."""
        payload = message if isinstance(message, bytes) else json.dumps(message).encode()
        self._packet += 1
        given: dict[str, Any] = {"epoch": self._epoch, "packet": self._packet, "qos": 1} | beside
        delivery = Delivery(topic=topic or next(iter(self.subscriptions)), payload=payload, **given)
        self._delivered[delivery.packet] = delivery
        self._sink(delivery)
        return delivery

    def hears(self, topic: str) -> bool:
        """Whether a broker would deliver it."""
        return any(matches(each, topic) for each in self.subscriptions)

    def results(self) -> list[Any]:
        return [json.loads(p.payload) for p in self.published if p.topic.endswith("/result")]

    def states(self) -> list[str]:
        return [json.loads(p.payload)["state"] for p in self.published if p.topic.endswith("/status")]


class Mosquitto:
    """A real broker on loopback that can be killed and come back on the same port, remembering sessions."""

    def __init__(
        self, folder: Path, *, anonymous: bool = True, more: str = "", whole: str | None = None
    ) -> None:
        """`more` lines in its configuration, or the `whole` of it, but for the port."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = Broker("127.0.0.1", free.getsockname()[1])
        self._conf = folder / "mosquitto.conf"
        if whole is not None:
            listening = f"user {getpass.getuser()}\nlistener {self.address.port} 127.0.0.1"
            self._conf.write_text(re.sub(r"^listener .*$", listening, whole, flags=re.MULTILINE))
            self._process: subprocess.Popen[bytes] | None = None
            return
        self._conf.write_text(
            f"listener {self.address.port} 127.0.0.1\nuser {getpass.getuser()}\n"
            f"allow_anonymous {str(anonymous).lower()}\n"
            f"persistence true\npersistence_location {folder}/\nautosave_interval 1\nautosave_on_changes true\n"
            f"{more}"
        )
        self._process = None

    @staticmethod
    def program() -> str | None:
        return shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")

    async def start(self) -> None:
        self._process = subprocess.Popen(  # noqa: ASYNC220  it forks and returns
            [self.program() or "", "-c", self._conf], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(100):
            with contextlib.suppress(OSError):
                socket.create_connection((self.address.host, self.address.port), timeout=1).close()
                return
            await asyncio.sleep(0.05)
        raise RuntimeError("mosquitto did not start")

    def freeze(self) -> None:
        """It answers nobody, and does not go away."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """As if the power failed: what it had in memory is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def stop(self) -> None:
        """An orderly end: mosquitto writes its sessions down."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


class Person:
    """A client of the house: publishes, and hears what is said on the topics it listens to."""

    def __init__(
        self,
        broker: Broker,
        *topics: str,
        username: str | None = None,
        password: str | None = None,
        ca_file: Path | None = None,
    ) -> None:
        self._broker = broker
        self._topics = topics
        self._loop = asyncio.get_running_loop()
        self._heard: asyncio.Queue[mqtt.MQTTMessage] = asyncio.Queue()
        self._ready = asyncio.Event()
        # What is said while the broker restarts waits for us there.
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, f"person-{id(self)}", clean_session=False)
        self._client.reconnect_delay_set(1, 1)
        if username is not None:
            self._client.username_pw_set(username, password)
        if ca_file is not None:
            self._client.tls_set(str(ca_file))
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = self._subscribed
        self._client.on_message = self._hears

    def _subscribe(self, client: mqtt.Client, *_: object) -> None:
        if self._topics:
            client.subscribe([(topic, 1) for topic in self._topics])
        else:
            self._subscribed()

    def _subscribed(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ready.set)

    def _hears(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self._loop.call_soon_threadsafe(self._heard.put_nowait, message)

    async def __aenter__(self) -> Self:
        self._client.connect_async(self._broker.host, self._broker.port)
        self._client.loop_start()
        await asyncio.wait_for(self._ready.wait(), 10)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def say(self, topic: str, message: object, *, qos: int = 1, retain: bool = False) -> None:
        payload = message if isinstance(message, bytes) else json.dumps(message).encode()
        self._client.publish(topic, payload, qos, retain)

    async def hear_message(self) -> mqtt.MQTTMessage:
        """The next message as it came."""
        return await asyncio.wait_for(self._heard.get(), 60)

    async def wait_message(self) -> mqtt.MQTTMessage:
        """The next message, however long it takes."""
        return await self._heard.get()

    def heard_nothing_more(self) -> bool:
        return self._heard.empty()

    async def hear(self) -> Any:
        """The next message, as JSON; None for an empty one."""
        message = await self.hear_message()
        return json.loads(message.payload) if message.payload else None

    async def hear_result(self, question_id: object) -> Any:
        """The next result with that id."""
        while True:
            message = await self.hear()
            if message is not None and message.get("id", ...) == question_id:
                return message

    async def hear_state(self, state: str) -> Any:
        """The next status that says so."""
        while True:
            message = await self.hear()
            if message is not None and message.get("state") == state:
                return message


@asynccontextmanager
async def running_mosquitto(
    folder: Path, *, anonymous: bool = True, more: str = ""
) -> AsyncIterator[Mosquitto]:
    """A broker for the block, with `more` lines in its configuration."""
    broker = Mosquitto(folder, anonymous=anonymous, more=more)
    await broker.start()
    try:
        yield broker
    finally:
        broker.stop()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what comes of other tasks and threads."""
    async with asyncio.timeout(60):  # of a machine that does much else, too
        while not condition():  # noqa: ASYNC110  whatever the condition looks at sets no event
            await asyncio.sleep(0.002)

"""What was commanded, what was answered, and what the devices did: a history over a real broker, and its checker.

The sender keeps a command until it has a result, and sends it again under the same id: a broker's acknowledgement is
no promise that it survives. A lamp counts how often it was set to a number, a bell how often it rang.
"""

import asyncio
import itertools
import json
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Self

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from runtime.config import Broker
from runtime.mqtt.promptly import send_at_once

AGAIN_S = 3.0
"""How long a sender waits for a result before it sends the command again; then twice as long, up to 12 s."""
_HEARD = ("ingle/+/command/result", "devices/+/set")
_UNANSWERED = 100
"""So many commands at a time: who gets no answers slows down."""


@dataclass
class History:
    """All that happened."""

    sent: dict[str, str] = field(default_factory=dict)
    """Device and value of each command, by its id."""
    results: defaultdict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    lamps: dict[str, str] = field(default_factory=dict)
    effects: Counter[str] = field(default_factory=Counter)
    """How often a lamp came to a number, or a bell rang."""

    def unanswered(self) -> list[str]:
        """Ids of commands without a result that ends the matter."""
        return [each for each in self.sent if not any(map(_final, self.results[each]))]

    def check(self, *, missing: bool = False, most: int = 1) -> Counter[str]:
        """How often each status was the answer. With `missing`, devices may not have heard of what was sent to them.

        `most`: how often a lamp may be set to one number; a second time does no harm, where docs/fleet.md says so.

        Raises:
            AssertionError: a command has no answer, or two different ones that tell of an effect, or it had its effect
                twice, or none though it says so, or one though it says none.
        """
        assert self.unanswered() == [], f"{len(self.unanswered())} of {len(self.sent)} have no answer"
        counts: Counter[str] = Counter()
        for name, effect in self.sent.items():
            finals = {each["status"] for each in self.results[name] if _final(each)}
            happened = self.effects[effect]
            assert happened <= most, f"{name} ({effect}) happened {happened} times: {finals}"
            if finals & {"sent", "done"}:
                assert missing or happened >= 1, f"{name} ({effect}) is said to have happened: {finals}"
            elif "unknown" not in finals:
                assert happened == 0, f"{name} ({effect}) happened, but: {finals}"
            counts.update(finals)
        return counts


def _final(result: Any) -> bool:
    return result.get("reason") not in {"busy", "invalid"}


class Sender:
    """Sends commands at a pace, hears results, and is the devices as well."""

    def __init__(
        self,
        broker: Broker,
        topics: tuple[str, ...],
        *,
        bells: int = 1000,
        seed: int = 0,
        qos: int = 1,
        ids: str = "c",
    ) -> None:
        """`topics`: where commands are sent, in turn; `bells`: each rings once at most; `qos`: of the devices.

        `ids`: what the ids of commands begin with.
        """
        self.history = History()
        self.latencies: list[float] = []
        """Seconds from publishing a command to its first result."""
        self._begun: dict[str, float] = {}
        self._broker = broker
        self._topics = topics
        self._bells = bells
        self._qos = qos
        self._random = random.Random(seed)
        self._number = 0
        self._ids = ids
        self._heard = asyncio.Event()
        self._waiting: dict[str, tuple[float, float, str, bytes]] = {}
        """When a command is to be sent again, after what pause; its topic and payload."""
        self._loop = asyncio.get_running_loop()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, f"sender-{id(self)}", clean_session=False)
        self._client.reconnect_delay_set(1, 1)
        self._client.max_inflight_messages_set(1000)
        self._client.on_connect = self._subscribe
        self._client.on_message = self._hears
        self._client.on_socket_open = lambda _client, _data, opened: send_at_once(opened)
        self._subscribed = asyncio.Event()
        self._client.on_subscribe = self._is_subscribed

    async def __aenter__(self) -> Self:
        self._client.connect_async(self._broker.host, self._broker.port)
        self._client.loop_start()
        await asyncio.wait_for(self._subscribed.wait(), 10)
        self._repeating = asyncio.create_task(self._repeat())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._repeating.cancel()
        self._client.unsubscribe(list(_HEARD))  # or the broker keeps everything for this session from now on
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def send(self) -> None:
        """One more command."""
        self._number += 1
        name = f"{self._ids}{self._number}"
        bell, rest = divmod(self._number, 5)
        if rest == 0 and bell < self._bells:
            effect, text = f"bell{bell}", f"ring bell {bell}"
        else:
            lamp = self._random.randrange(8)
            effect, text = f"lamp{lamp}={self._number}", f"set lamp {lamp} to {self._number}"
        self.history.sent[name] = effect
        topic = self._topics[self._number % len(self._topics)]
        payload = json.dumps({"id": name, "text": text, "session": name}).encode()
        self._begun[name] = self._loop.time()
        self._waiting[name] = self._begun[name] + AGAIN_S, AGAIN_S, topic, payload
        self._client.publish(topic, payload, 1)

    async def pace(self, count: float, a_second: float) -> None:
        """Send so many; or until cancelled, if that is infinite."""
        begun, numbers = self._loop.time(), itertools.count()
        for number in itertools.takewhile(lambda number: number < count, numbers):
            while len(self._waiting) >= _UNANSWERED:  # noqa: ASYNC110  answers come one by one
                await asyncio.sleep(0.05)
            self.send()
            await asyncio.sleep(max(0.0, begun + number / a_second - self._loop.time()))

    async def answers(self, within_s: float) -> None:
        """Return when all have one, or when it is too late."""
        until = self._loop.time() + within_s
        while self.history.unanswered() and self._loop.time() < until:  # noqa: ASYNC110  answers come one by one
            await asyncio.sleep(0.1)

    async def heard(self) -> None:
        """Return when something more was heard."""
        self._heard.clear()
        await self._heard.wait()

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            now = self._loop.time()
            for name, (due, pause, topic, payload) in list(self._waiting.items()):
                if due <= now:
                    longer = min(2 * pause, 12.0)
                    self._waiting[name] = now + longer, longer, topic, payload
                    self._client.publish(topic, payload, 1)

    def _subscribe(self, client: mqtt.Client, *_: object) -> None:
        results, devices = _HEARD
        client.subscribe([(results, 1), (devices, self._qos)])

    def _is_subscribed(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._subscribed.set)

    def _hears(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        self._loop.call_soon_threadsafe(self._hear, message.topic, bytes(message.payload))

    def _hear(self, topic: str, payload: bytes) -> None:
        self._heard.set()
        if topic.startswith("ingle/"):
            result = json.loads(payload)
            name = str(result["id"])
            self.history.results[name].append(result)
            if _final(result):
                self._waiting.pop(name, None)
                if name in self._begun:
                    self.latencies.append(self._loop.time() - self._begun.pop(name))
            return
        device = topic.split("/")[1]
        if device.startswith("bell"):
            self.history.effects[device] += 1
        elif self.history.lamps.get(device) != payload.decode():
            self.history.lamps[device] = payload.decode()
            self.history.effects[f"{device}={payload.decode()}"] += 1

"""The appliance as a wall tablet meets it: in this process, with a scripted engine, a real broker, and a lamp on it."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.store import Bundle
from runtime import app
from runtime.completion import Completer
from runtime.config import load
from runtime.limits import Limits
from runtime.voice.border import VoiceActivity, Voices
from tests.support.completer import scripted_completer
from tests.support.engine import EngineSimulator
from tests.support.house import environment, furnish
from tests.support.mqtt import Person, running_mosquitto, until
from tests.support.voices import LoudIsSpeech

HOUSE = """
[[areas]]
id = "kitchen"
names = ["Kitchen", {text = "廚房", language = "zh-TW"}]

[[areas]]
id = "hall"
names = ["Hall", {text = "走廊", language = "zh-TW"}]

[[devices]]
id = "kitchen_light"
names = ["Kitchen light", {text = "廚房燈", language = "zh-TW"}]
kind = "light"
area = "kitchen"
topic = "lamps/kitchen/set"
state_topic = "lamps/kitchen"
availability_topic = "lamps/kitchen/status"

[devices.capabilities.brightness]
topic = "lamps/kitchen/brightness/set"
state_topic = "lamps/kitchen/brightness"

[[devices]]
id = "front_door"
names = ["Front door", {text = "大門", language = "zh-TW"}]
kind = "lock"
area = "hall"
topic = "locks/front/set"
state_topic = "locks/front"
"""
LISTENED = ("lamps/kitchen/set", "lamps/kitchen/brightness/set", "locks/front/set")
SAID = {"LOCK": b"locked", "UNLOCK": b"unlocked"}


@dataclass
class Devices:
    """What hangs on the broker: does as it is told, and says so."""

    person: Person
    heard: list[tuple[str, str]] = field(default_factory=list)

    def say(self, topic: str, payload: bytes) -> None:
        self.person.say(topic, payload, retain=True)

    async def run(self) -> None:
        while True:
            message = await self.person.hear_message()
            payload = bytes(message.payload)
            self.heard.append((message.topic, payload.decode()))
            self.say(message.topic.removesuffix("/set"), SAID.get(payload.decode(), payload))


@dataclass
class Kiosk:
    """Where it is, and what is behind it."""

    url: str
    engine: EngineSimulator
    devices: Devices


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Stopping an appliance in this process leaves the default handlers behind."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@asynccontextmanager
async def kiosk(
    folder: Path,
    engine: EngineSimulator,
    *,
    voices: Voices | None = None,
    activity: Callable[[], VoiceActivity] = LoudIsSpeech,
    **settings: str,
) -> AsyncGenerator[Kiosk, None]:
    """An appliance with its house, until the block ends. `voices`: None: what the settings name."""
    furnish(folder)
    (folder / "house").mkdir()
    (folder / "house" / "house.toml").write_text(HOUSE, encoding="utf-8")
    started: list[app.Started] = []

    def loaded(_: Bundle) -> Completer:
        return scripted_completer(engine, Limits())

    async with running_mosquitto(folder) as broker, Person(broker.address, *LISTENED) as person:
        devices = Devices(person)
        devices.say("lamps/kitchen", b"OFF")
        devices.say("lamps/kitchen/brightness", b"30")
        devices.say("lamps/kitchen/status", b"online")
        devices.say("locks/front", b"locked")
        doing = asyncio.create_task(devices.run())
        environ = environment(
            folder,
            INGLE_MQTT_BROKER=str(broker.address),
            INGLE_MQTT_NODE="home",
            INGLE_COMMANDS_LANGUAGES="en,zh-TW",
            INGLE_LIMITS_DRAIN_SECONDS="1",
            **settings,
        )
        config: Any = load(environ=environ).config
        with _handlers_kept():
            serving = asyncio.create_task(
                app.serve(
                    config,
                    state=folder,
                    environ=environ,
                    announce=started.append,
                    load=loaded,
                    voices=voices,
                    activity=activity,
                )
            )
            try:
                await until(lambda: bool(started) or serving.done())
                assert not serving.done(), serving
                yield Kiosk(f"http://127.0.0.1:{started[0].port}", engine, devices)
            finally:
                if not serving.done():
                    os.kill(os.getpid(), signal.SIGTERM)
                await asyncio.wait_for(serving, 30)
                doing.cancel()

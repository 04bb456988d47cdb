"""Wyoming in the whole appliance: one message for one utterance, and what cannot be had costs nothing else."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import numpy as np
import pytest
from wyoming.asr import Transcript
from wyoming.handle import Handled, NotHandled
from wyoming.info import Describe, Info
from wyoming.intent import Intent, Recognize
from wyoming.satellite import RunSatellite
from wyoming.snd import Played

from tests.runtime.test_app import QUESTION, Running
from tests.support.alsa import Cards, needs_alsa
from tests.support.engine import EngineSimulator
from tests.support.house import furnish
from tests.support.mqtt import Person, until
from tests.support.sounds import tone
from tests.support.wyoming import Peer
from tests.test_commands_end_to_end import HOUSE
from tests.test_end_to_end import free_port

ON = {"INGLE_VOICE_ENABLED": "true", "INGLE_VOICE_WYOMING": "true"}


@pytest.fixture
def state(tmp_path: Path) -> Path:
    furnish(tmp_path)
    (tmp_path / "house").mkdir()
    (tmp_path / "house" / "house.toml").write_text(HOUSE, "utf-8")
    return tmp_path


@asynccontextmanager
async def appliance(state: Path, **settings: str) -> AsyncIterator[Running]:
    running = Running(EngineSimulator((10, 11, 12)))
    running.loading.set()
    async with running.run(state, **settings):
        await until(lambda: running.started is not None)
        yield running


async def described(port: int) -> Info:
    """What is told, as soon as somebody listens."""
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(OSError):
                async with Peer(port) as one:
                    await one.send(Describe())
                    return (await one.until(Info))[0]
            await asyncio.sleep(0.05)


async def test_what_is_said_by_way_of_home_assistant_is_done_once(state: Path) -> None:
    port = free_port()
    async with appliance(state, INGLE_VOICE_WYOMING_PORT=str(port), **ON) as running:
        info = await described(port)
        assert info.handle[0].supports_home_control
        assert info.intent[0].models[0].languages == ["en"]
        assert [each.name for each in info.wake[0].models] == ["okay_nabu"]
        assert running.started is not None
        assert running.started.broker is not None
        async with Person(running.started.broker, "lamps/#") as lamps, Peer(port) as one:
            await one.send(Recognize("turn on the kitchen light"))
            assert (await one.until(Intent))[0].name == "HassTurnOn"
            await _said(one, "turn on the kitchen light")
            await _said(one, "turn off the kitchen light")
            heard = [await lamps.hear_message() for _ in range(2)]
        assert [(each.topic, each.payload) for each in heard] == [
            ("lamps/kitchen/set", b"ON"),
            ("lamps/kitchen/set", b"OFF"),
        ]


async def _said(one: Peer, text: str) -> None:
    """Say it, again while the appliance is still starting."""
    async with asyncio.timeout(20):
        while True:
            await one.send(Transcript(text, {"conversation_id": "c"}))
            event = await one.event()
            while event is not None and event.type not in {"handled", "not-handled"}:
                event = await one.event()
            assert event is not None
            if Handled.is_type(event.type):
                return
            told = NotHandled.from_event(event).text
            assert told is not None
            assert "starting" in told
            await asyncio.sleep(0.1)


async def test_what_is_no_command_the_model_answers(state: Path) -> None:
    port = free_port()
    async with appliance(state, INGLE_VOICE_WYOMING_PORT=str(port), **ON) as running:
        await described(port)
        async with Peer(port) as one:
            await _said(one, "hello there")
        assert running.engine.requests


async def test_a_taken_port_costs_wyoming_and_nothing_else(
    state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        async with appliance(state, INGLE_VOICE_WYOMING_PORT=port, **ON) as running:
            url = f"{running.url}/v1/chat/completions"
            async with aiohttp.ClientSession() as client, client.post(url, json=QUESTION) as response:
                assert response.status == 200
            await until(lambda: "no Wyoming: port" in caplog.text)


async def test_nothing_listens_unless_the_owner_says_so(state: Path) -> None:
    port = free_port()
    async with appliance(state, INGLE_VOICE_WYOMING_PORT=str(port), INGLE_VOICE_ENABLED="true"):
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)


@needs_alsa
async def test_a_board_with_a_microphone_is_a_satellite(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards, port = Cards(tmp_path, monkeypatch), free_port()
    cards.hear(np.zeros(16_000, np.float32))
    settings = {
        "INGLE_VOICE_ENABLED": "true",
        "INGLE_VOICE_SATELLITE": "true",
        "INGLE_VOICE_SATELLITE_PORT": str(port),
        "INGLE_VOICE_MICROPHONE": "microphone",
        "INGLE_VOICE_LOUDSPEAKER": "loudspeaker",
        "INGLE_MQTT_NODE": "kitchen",
    }
    async with appliance(state, **settings):
        info = await described(port)
        assert info.satellite is not None
        assert (info.satellite.name, info.satellite.active_wake_words) == ("kitchen", ["okay_nabu"])
        async with Peer(port) as one:
            await one.send(RunSatellite())
            await one.say(tone(440, 0.3, rate=22_050), rate=22_050)
            await one.until(Played)
    played = cards.played(22_050)  # and some silence, to the end of ALSA's last period
    assert played[:6_615] == pytest.approx(tone(440, 0.3, rate=22_050), abs=0.01)


async def test_a_satellite_without_a_microphone_is_none(
    state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with appliance(state, INGLE_VOICE_ENABLED="true", INGLE_VOICE_SATELLITE="true"):
        await until(lambda: "no satellite: " in caplog.text)
    assert "set voice.microphone and voice.wake_words" in caplog.text

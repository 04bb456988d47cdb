"""The room by configuration: listened to until the appliance stops, and a line in the log where it cannot be."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.bundle import Bundle
from runtime.commands.interpret import Interpreter
from runtime.commands.rules.clarified import Clarified
from runtime.commands.rules.stage import Rules
from runtime.config import Config
from runtime.engine.turns import Turns
from runtime.room import serve_room
from runtime.voice.border import Said, Speech
from runtime.voice.resampling import resampled
from runtime.voicing import voices_of
from tests.runtime.voice.test_answering import spoken as desk
from tests.runtime.voice.test_listening import AnswererSimulator
from tests.support.alsa import Cards, needs_alsa
from tests.support.desk import RegistrySimulator
from tests.support.espeak import needs_espeak, spoken
from tests.support.sounds import silence
from tests.support.voices import VoicesSimulator

pytestmark = [needs_alsa, needs_espeak]


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cards:
    return Cards(tmp_path, monkeypatch)


def configured(*words: str) -> Config:
    config = Config()
    voice = replace(
        config.voice, enabled=True, microphone="microphone", loudspeaker="loudspeaker", wake_words=words
    )
    return replace(config, voice=voice)


async def test_a_room_is_listened_to_until_it_is_not(cards: Cards) -> None:
    cards.hear(
        np.concatenate(
            (silence(1), spoken("okay nabu"), silence(0.3), spoken("turn on the lamp"), silence(2))
        )
    )
    stop, answerer = asyncio.Event(), AnswererSimulator(Said("It is on.", "en"))
    serving = asyncio.create_task(
        serve_room(configured("okay_nabu"), VoicesSimulator("Turn on the lamp."), answerer, stop)
    )
    async with asyncio.timeout(30):
        while not cards.played(22_050).size:  # noqa: ASYNC110  another process writes it
            await asyncio.sleep(0.05)
        stop.set()
        await serving
    assert answerer.heard == [("Turn on the lamp.",)]


async def test_what_cannot_be_is_said_in_the_log(cards: Cards, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert cards.played(22_050).size == 0
    stop = asyncio.Event()
    await serve_room(configured("hal"), VoicesSimulator(), AnswererSimulator(), stop)
    assert "nothing listens to the room: there is no wake word 'hal'; choose from" in caplog.text


@pytest.mark.real
async def test_from_a_room_to_a_device_and_back_with_real_models(
    cards: Cards, whisper: Bundle, real_state: Path, tmp_path: Path
) -> None:
    cards.hear(
        np.concatenate(
            (silence(1), spoken("okay nabu"), silence(0.4), spoken("turn on the desk lamp"), silence(3))
        )
    )
    config = configured("okay_nabu")
    config = replace(config, voice=replace(config.voice, recognizer=whisper.reference))
    registry, stop = RegistrySimulator(), asyncio.Event()
    async with (
        voices_of(config, real_state, Turns(), lambda: registry.house) as voices,
        desk(tmp_path, understanding=Interpreter((Clarified(), Rules(("en",)))), registry=registry) as (
            answerer,
            _,
            around,
        ),
    ):
        assert voices is not None
        serving = asyncio.create_task(serve_room(config, voices, answerer, stop))
        async with asyncio.timeout(60):
            before, played = -1, cards.played(22_050)
            while not before == played.size > 0:  # until nothing more is said
                before = played.size
                await asyncio.sleep(4)
                played = cards.played(22_050)
        stop.set()
        await serving
        assert around.channel.carried == ["lamp/power=True"]
        again = await voices.transcribe(Speech(resampled(played, 22_050)))
    assert "turned on the desk lamp" in again.text.casefold()

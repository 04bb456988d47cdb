"""A room spoken to: a microphone that is a file, the whole appliance, a real broker with a lamp, and its loudspeaker.

The wake word, what hears and what speaks are the real ones; only the model that chats is scripted.
"""

import asyncio
from pathlib import Path

import aiohttp
import numpy as np
import pytest

from models.bundle import Bundle
from runtime.engine.turns import Turns
from runtime.voice.border import Samples, Speech
from runtime.voice.resampling import resampled
from runtime.voice.stt import Whisper
from runtime.voice.vad import SileroActivity
from tests.support.alsa import Cards, needs_alsa
from tests.support.engine import EngineSimulator
from tests.support.espeak import needs_espeak, spoken
from tests.support.house import lend
from tests.support.kiosk import kiosk
from tests.support.mqtt import Mosquitto
from tests.support.sounds import silence

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(Mosquitto.program() is None, reason="mosquitto is not installed (Debian package)"),
    needs_alsa,
    needs_espeak,
]
HIBARI_RATE = 24_000


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cards:
    return Cards(tmp_path, monkeypatch)


async def ready(url: str) -> None:
    """Wait until commands are taken."""
    async with aiohttp.ClientSession(url) as session, asyncio.timeout(30):
        while True:
            async with session.post("/v1/commands", json={"text": "is the kitchen light on"}) as response:
                if response.status == 200:
                    return
            await asyncio.sleep(0.05)


async def all_that_is_said(cards: Cards) -> Samples:
    """What the loudspeaker plays, once it has fallen silent."""
    before, played = -1, cards.played(HIBARI_RATE)
    async with asyncio.timeout(60):
        while not before == played.size > 0:
            before = played.size
            await asyncio.sleep(4)
            played = cards.played(HIBARI_RATE)
    return played


async def test_a_spoken_sentence_moves_a_lamp_once_and_the_answer_says_so(
    cards: Cards, whisper: Bundle, tmp_path: Path
) -> None:
    await asyncio.to_thread(lend, tmp_path, whisper)
    cards.unplug()
    said = (silence(1), spoken("okay nabu"), silence(0.4), spoken("Turn on the kitchen light."), silence(3))
    async with kiosk(
        tmp_path,
        EngineSimulator(),
        activity=SileroActivity,
        INGLE_VOICE_ENABLED="true",
        INGLE_VOICE_MICROPHONE="microphone",
        INGLE_VOICE_LOUDSPEAKER="loudspeaker",
    ) as there:
        await ready(there.url)
        cards.hear(np.concatenate(said))
        cards.plug()
        played = await all_that_is_said(cards)
        assert there.devices.heard == [("lamps/kitchen/set", "ON")]
        assert there.engine.requests == []
    listener = Whisper.load(whisper, turns=Turns())
    again = await asyncio.to_thread(listener.feed, Speech(resampled(played, HIBARI_RATE)))
    assert "turned on the kitchen light" in again.text.casefold()

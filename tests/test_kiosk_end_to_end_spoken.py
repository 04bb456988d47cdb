"""The page spoken to by a person in the house: a real browser whose microphone hears a file, a real broker with a lamp.

What hears and speaks is scripted in the fast ones, and real in the last.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from models.bundle import Bundle
from runtime.voice.audio import write_wav
from runtime.voice.border import Reading, Samples, Transcription
from runtime.voice.vad import SileroActivity
from tests.support.browser import PROGRAM, Tab, browse
from tests.support.engine import EngineSimulator
from tests.support.espeak import needs_espeak, spoken
from tests.support.house import lend
from tests.support.kiosk import Kiosk, kiosk
from tests.support.mqtt import Mosquitto
from tests.support.sounds import silence, tone
from tests.support.voices import VoicesSimulator

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed (apt install chromium)"),
    pytest.mark.skipif(Mosquitto.program() is None, reason="mosquitto is not installed (Debian package)"),
]
STATE = "document.getElementById('mic').dataset.state"
LAST = "[...document.querySelectorAll('.turn:is(.theirs,.house)')].at(-1)"
QUIET = "document.querySelector('.turn:is(.theirs,.house)') && !document.querySelector('.answering')"
PLAYED = """(() => {
    window.played = 0;
    const start = AudioBufferSourceNode.prototype.start;
    AudioBufferSourceNode.prototype.start = function (...when) {
        window.played += this.buffer.duration;
        start.apply(this, when);
    };
})()"""


@asynccontextmanager
async def microphone(folder: Path, said: Samples) -> AsyncGenerator[Tab, None]:
    """A browser whose microphone hears this once it is opened, and then nothing for long."""
    file = folder / "said.wav"
    sound = np.concatenate((silence(0.5), said, silence(30.0)))
    await asyncio.to_thread(file.write_bytes, write_wav(sound))
    async with browse(says=file) as tab:
        yield tab


async def opened(tab: Tab, there: Kiosk) -> None:
    """The page, once it can be spoken to and commands are taken."""
    await tab.look(width=800, height=480)
    await tab.open(there.url)
    await tab.value(PLAYED)
    await tab.until("import('/live.js').then(({live}) => live.ready && live.status?.commands === 'ready')")
    await tab.until("!document.getElementById('mic').hidden && !document.getElementById('mic').disabled")


async def press(tab: Tab, seconds: float) -> None:
    """Hold the button for so long while it listens; 0: tap it, as a keyboard does."""
    if not seconds:
        await tab.value("document.getElementById('mic').focus()")
        await tab.press("Enter")
        return
    await tab.finger("#mic", down=True)
    await tab.until(f"{STATE} === 'listening'")
    await asyncio.sleep(seconds)
    await tab.finger("#mic", down=False)


async def test_a_sentence_moves_a_lamp_once_and_is_answered_aloud(tmp_path: Path) -> None:
    voices = VoicesSimulator("Turn on the kitchen light.")
    async with (
        microphone(tmp_path, tone(440, 2.0)) as tab,
        kiosk(tmp_path, EngineSimulator(), voices=voices) as there,
    ):
        await opened(tab, there)
        await press(tab, 1.5)
        await tab.until(QUIET)
        told = await tab.value(f"{LAST}.querySelector('.words').textContent")
        assert told == "Turned on the kitchen light."
        await tab.until(f"{STATE} === 'idle'")
        assert [each.text for each in voices.said] == [told]
        assert await tab.value("window.played") > 0.1
        assert there.devices.heard == [("lamps/kitchen/set", "ON")]
        assert there.engine.requests == []


async def test_what_is_dangerous_is_asked_first(tmp_path: Path) -> None:
    voices = VoicesSimulator("Unlock the front door.")
    async with (
        microphone(tmp_path, tone(440, 2.0)) as tab,
        kiosk(tmp_path, EngineSimulator(), voices=voices) as there,
    ):
        await opened(tab, there)
        await press(tab, 1.5)
        await tab.until("document.getElementById('sure').open")
        await tab.value("document.getElementById('sure-no').click()")
        await tab.until(f"{STATE} === 'idle' && {QUIET}")
        assert [each.text for each in voices.said] == ["Nothing was done."]
        assert there.devices.heard == []


async def test_nothing_is_commanded_out_of_silence(tmp_path: Path) -> None:
    voices = VoicesSimulator("Turn on the kitchen light.")
    async with (
        microphone(tmp_path, silence(1.0)) as tab,
        kiosk(tmp_path, EngineSimulator(), voices=voices) as there,
    ):
        await opened(tab, there)
        await press(tab, 1.5)
        await tab.until(f"{STATE} === 'idle' && document.getElementById('hearing').textContent !== ''")
        assert voices.heard == []
        assert there.devices.heard == []


async def test_what_may_have_been_misheard_is_asked_about_before_it_is_done(tmp_path: Path) -> None:
    readings = tuple(
        Reading(text, score)
        for text, score in (("Turner and the kids delight.", -0.4), ("Turn on the kitchen light.", -0.5))
    )
    voices = VoicesSimulator(Transcription(readings, "en", 0.05, ()))
    async with (
        microphone(tmp_path, tone(440, 2.0)) as tab,
        kiosk(tmp_path, EngineSimulator(), voices=voices) as there,
    ):
        await opened(tab, there)
        await press(tab, 1.5)
        await tab.until(f"{QUIET} && {LAST}.querySelectorAll('button').length === 2 && {STATE} === 'idle'")
        assert there.devices.heard == []
        assert voices.said[0].text == "I would turn on the kitchen light."
        await tab.value(f"{LAST}.querySelector('button').click()")
        await tab.until(f"{QUIET} && {LAST}.querySelector('.about').textContent === 'Done'")
        assert there.devices.heard == [("lamps/kitchen/set", "ON")]
        assert there.engine.requests == []


@pytest.mark.real
@needs_espeak
@pytest.mark.parametrize("seconds", [4.0, 0.0], ids=["held", "tapped"])
async def test_a_real_model_hears_and_a_real_voice_answers(
    tmp_path: Path, whisper: Bundle, seconds: float
) -> None:
    await asyncio.to_thread(lend, tmp_path, whisper)
    said = await asyncio.to_thread(spoken, "Turn on the kitchen light.")
    async with (
        microphone(tmp_path, said) as tab,
        kiosk(tmp_path, EngineSimulator(), activity=SileroActivity, INGLE_VOICE_ENABLED="true") as there,
    ):
        await opened(tab, there)
        await press(tab, seconds)
        await tab.until(QUIET)
        heard = await tab.value("document.querySelector('.turn.mine .words').textContent")
        assert heard.strip(" .!").lower() == "turn on the kitchen light"
        told = await tab.value(f"{LAST}.querySelector('.words').textContent")
        assert told == "Turned on the kitchen light."
        await tab.until(f"{STATE} === 'idle'")
        assert await tab.value("window.played") > 0.8
        assert there.devices.heard == [("lamps/kitchen/set", "ON")]
        assert tab.problems == []

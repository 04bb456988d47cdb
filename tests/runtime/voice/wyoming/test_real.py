"""A sentence on its whole way by Wyoming, with real models: said, written down, done once, and answered aloud."""

from pathlib import Path

import numpy as np
import pytest
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.handle import Handled
from wyoming.tts import Synthesize

from models.bundle import Bundle
from runtime.commands.interpret import Interpreter
from runtime.commands.rules.clarified import Clarified
from runtime.commands.rules.stage import Rules
from runtime.config import Config, Voice
from runtime.engine.turns import Turns
from runtime.voice.border import Samples
from runtime.voicing import voices_of
from tests.runtime.voice.test_answering import spoken
from tests.support.desk import RegistrySimulator
from tests.support.espeak import needs_espeak
from tests.support.espeak import spoken as said
from tests.support.wyoming import Peer, appliance, peer

pytestmark = [pytest.mark.real, needs_espeak]


async def written(one: Peer, sound: Samples, *, rate: int = 16_000) -> str:
    await one.send(Transcribe(language="en"))
    await one.say(sound, rate=rate)
    return (await one.until(Transcript))[0].text


async def test_what_is_said_is_done_once_and_the_answer_says_so(
    whisper: Bundle, real_state: Path, tmp_path: Path
) -> None:
    config = Config(voice=Voice(enabled=True, recognizer=whisper.reference))
    registry = RegistrySimulator()
    real = Interpreter((Clarified(), Rules(("en",))))
    async with (
        voices_of(config, real_state, Turns(), lambda: registry.house) as voices,
        spoken(tmp_path, understanding=real, registry=registry) as (commands, _, around),
        peer(appliance(voices=voices, answerer=commands)) as one,
    ):
        text = await written(one, said("turn on the desk lamp"))
        assert text.casefold().strip(".!") == "turn on the desk lamp"
        await one.send(Transcript(text))
        handled, _ = await one.until(Handled)
        assert around.channel.carried == ["lamp/power=True"]
        assert handled.text is not None
        await one.send(Synthesize(handled.text))
        start, _ = await one.until(AudioStart)
        sound = b""
        while (event := await one.event()) is not None and not AudioStop.is_type(event.type):
            sound += AudioChunk.from_event(event).audio
        answer = np.frombuffer(sound, "<i2").astype(np.float32) / np.float32(32768)
        again = await written(one, answer, rate=start.rate)
        assert "turned on the desk lamp" in again.casefold()


async def test_silence_and_noise_are_nothing_that_was_said(whisper: Bundle, real_state: Path) -> None:
    config = Config(voice=Voice(enabled=True, recognizer=whisper.reference))
    made = np.random.default_rng(8).standard_normal(32_000)
    async with (
        voices_of(config, real_state, Turns()) as voices,
        peer(appliance(voices=voices)) as one,
    ):
        for loudness in (0.0, 0.001, 0.02, 0.1):
            assert await written(one, np.asarray(loudness * made, np.float32).clip(-1, 1)) == ""

"""`ingle listen` and `ingle voice-test`: programs of their own, on sound cards that are files."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

from runtime.limits import Limits
from runtime.voice.alsa import SoundCardError
from runtime.voice.soundcheck import levels_of
from tests.support.alsa import Cards, needs_alsa
from tests.support.commands import Served, served
from tests.support.completer import scripted_completer
from tests.support.engine import EngineSimulator
from tests.support.espeak import needs_espeak, spoken
from tests.support.house import environment, ingle
from tests.support.shown_models import ShownModels
from tests.support.sounds import noise, silence, tone
from tests.support.text import CHATML
from tests.support.voices import VoicesSimulator

LIMITS = Limits(drain_seconds=0.1, request_seconds=5.0)


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cards:
    return Cards(tmp_path, monkeypatch)


def ready(there: Served) -> None:
    """All that an appliance has, but no voices."""
    there.open(LIMITS)
    there.serving.ready(ShownModels(scripted_completer(EngineSimulator(), LIMITS, CHATML)))


def surroundings(state: Path, port: int) -> dict[str, str]:
    return environment(
        state,
        INGLE_SERVER_PORT=str(port),
        INGLE_VOICE_MICROPHONE="microphone",
        INGLE_VOICE_LOUDSPEAKER="loudspeaker",
        ALSA_CONFIG_PATH=os.environ["ALSA_CONFIG_PATH"],
    )


@needs_alsa
@needs_espeak
async def test_what_is_said_is_done_and_answered(tmp_path: Path, cards: Cards) -> None:
    cards.hear(
        np.concatenate(
            (silence(1), spoken("okay nabu"), silence(0.3), spoken("turn on the lamp"), silence(2))
        )
    )
    voices = VoicesSimulator("Turn on the lamp.")
    async with served(LIMITS, voices=voices) as there:
        ready(there)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "runtime", "listen",
            env=surroundings(tmp_path, there.port), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        shown = ""
        async with asyncio.timeout(60):
            while "< " not in shown and (line := await process.stdout.readline()):
                shown += line.decode()
        process.send_signal(signal.SIGINT)
        _, complaints = await process.communicate()
    assert "* okay_nabu (" in shown, complaints.decode()
    assert "> Turn on the lamp.\n< Turned on the lamp.\n" in shown
    assert complaints.decode() == "Listening; say okay nabu. Ctrl-C ends it.\n"
    assert process.returncode == 0
    (order,) = there.desk.taken
    assert (order.text, order.session) == ("Turn on the lamp.", "room")
    assert len(voices.heard) == 1


@needs_alsa
async def test_what_stands_in_the_way_is_said(tmp_path: Path, cards: Cards) -> None:
    cards.hear(silence(1))
    around = surroundings(tmp_path, 1)
    done = await asyncio.to_thread(ingle, "listen", environ=around)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"no appliance answers at http://127.0.0.1:1; start one with `ingle serve`" in done.stderr
    async with served(LIMITS) as deaf:
        ready(deaf)
        done = await asyncio.to_thread(ingle, "listen", environ=surroundings(tmp_path, deaf.port))
        assert b"set voice.enabled in its configuration" in done.stderr
    async with served(LIMITS, voices=VoicesSimulator()) as there:
        ready(there)
        around = surroundings(tmp_path, there.port)
        done = await asyncio.to_thread(ingle, "listen", "--microphone", "none", environ=around)
        assert str(SoundCardError("arecord", "none", "No such")).encode() in done.stderr
        done = await asyncio.to_thread(ingle, "listen", "--wake", "hal", environ=around)
        assert b"there is no wake word 'hal'; choose from okay_nabu" in done.stderr


@needs_alsa
@needs_espeak
async def test_a_microphone_is_tried(tmp_path: Path, cards: Cards) -> None:
    cards.hear(np.concatenate((noise(0.1, loudness=0.001), spoken("turn on the kitchen light"))))
    async with served(LIMITS, voices=VoicesSimulator("Turn on the kitchen light.")) as there:
        ready(there)
        done = await asyncio.to_thread(ingle, "voice-test", environ=surroundings(tmp_path, there.port))
    shown = done.stdout.decode()
    assert done.returncode == 0, done.stderr
    assert "the microphone hears" in shown
    assert "ms for voice activity" in shown
    assert "ms: Turn on the kitchen light.\n" in shown
    assert "first sound of an answer in" in shown
    assert cards.played(22_050).size > 0


@needs_alsa
async def test_without_an_appliance_the_microphone_is_tried_all_the_same(
    tmp_path: Path, cards: Cards
) -> None:
    cards.hear(silence(5))
    done = await asyncio.to_thread(ingle, "voice-test", environ=surroundings(tmp_path, 1))
    assert done.returncode == 0
    assert b"nothing at all is heard: the microphone is muted; unmute it" in done.stdout
    assert b"not understood, because no appliance answers" in done.stdout


@pytest.mark.parametrize(
    ("samples", "speech", "advice"),
    [
        (silence(1), 0.0, "the microphone is muted"),
        (np.asarray(tone(300, 1, loudness=9.0).clip(-1, 1)), 0.9, "turn the microphone down"),
        (noise(1), 0.0, "no speech is heard"),
        (tone(300, 1, loudness=0.003), 0.9, "turn the microphone up"),
        (noise(1), 0.9, "the room is nearly as loud"),
        (np.concatenate((noise(1, loudness=0.001), tone(300, 1))), 0.5, "that is good"),
    ],
)
def test_a_recording_says_what_to_do(samples: np.ndarray, speech: float, advice: str) -> None:
    assert advice in levels_of(samples, speech).advice

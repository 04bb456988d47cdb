"""What is spoken is understood by what listens here: the voices' real weights, and Whisper's."""

import re
import shutil

import numpy as np
import pytest

from models.bundle import Bundle
from runtime.engine.turns import Turns
from runtime.voice.border import Speaker, Speech, Utterance
from runtime.voice.resampling import resampled
from runtime.voice.spoken import spoken
from runtime.voice.stt import Whisper
from runtime.voice.tts.espeak import PROGRAM, EspeakSpeaker
from runtime.voice.tts.hibari import HibariSpeaker

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def ears(whisper: Bundle) -> Whisper:
    return Whisper.load(whisper)


SENTENCES = {
    "I turned on the kitchen light.": "kitchen light",
    "It is 21.5 °C in the living room.": "living room",
    "**Dinner** is ready at 5:30 pm. <think>Is it?</think>": "dinner is ready",
    "The door is open, and the window is closed.": "window is closed",
}


@pytest.mark.parametrize("text", SENTENCES)
def test_hibari_is_understood(text: str, ears: Whisper) -> None:
    pytest.importorskip("hibari", reason="the extra `voice` is not installed")
    assert SENTENCES[text] in understood(ears, HibariSpeaker.load("heart", Turns()), text)


@pytest.mark.skipif(shutil.which(PROGRAM) is None, reason="espeak-ng is not installed")
@pytest.mark.parametrize("text", SENTENCES)
def test_espeak_is_understood(text: str, ears: Whisper) -> None:
    assert SENTENCES[text] in understood(ears, EspeakSpeaker("en-us"), text)


def understood(ears: Whisper, speaker: Speaker, text: str) -> str:
    """In small letters, without signs."""
    sounds = list(speaker.feed(Utterance(spoken(text, "en"))))
    samples = np.concatenate([each.samples for each in sounds])
    heard = ears.feed(Speech(resampled(samples, sounds[0].rate), "en")).text
    return re.sub(r"[^a-z0-9 ]", "", heard.lower())

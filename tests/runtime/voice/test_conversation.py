"""Voice activity, wake word and pipeline together, on what rooms sound like: real people, a voice, noise, echoes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from models.bundle import Bundle
from runtime.voice.audio import PcmStream, read_wav
from runtime.voice.border import FRAME, RATE, Samples, Speech
from runtime.voice.events import (
    Answer,
    Awake,
    Dropped,
    Effect,
    Nothing,
    Pressed,
    Recognise,
    Released,
    Sounding,
    Spoken,
    State,
    Stop,
    Understood,
)
from runtime.voice.hearing import FRAME_S, Hearing
from runtime.voice.pcm import Encoding, Form, dbfs
from runtime.voice.pipeline import Pipeline
from runtime.voice.resampling import resampled
from runtime.voice.stt import Whisper
from runtime.voice.vad import SileroActivity
from runtime.voice.wake import WakeWords
from tests.support.espeak import needs_espeak, spoken
from tests.support.rooms import transcribed
from tests.support.sounds import noise, silence, tone, written

pytestmark = needs_espeak


def frames(sound: Samples) -> Iterator[Samples]:
    for at in range(0, sound.size - FRAME + 1, FRAME):
        yield sound[at : at + FRAME]


class Conversation:
    """A pipeline that hears sounds, in simulated time."""

    def __init__(self) -> None:
        self.pipeline = Pipeline()
        self._hearing = Hearing(SileroActivity(), WakeWords(["okay_nabu"]))
        self.now = 0.0
        self.done: list[tuple[float, Effect]] = []

    def hear(self, *sounds: Samples, played: Samples | None = None) -> list[Effect]:
        """`played`: what the loudspeaker plays meanwhile, of the answer that is due."""
        before = len(self.done)
        whole = np.concatenate(sounds)
        for at, frame in enumerate(frames(whole)):
            self.now += FRAME_S
            if played is not None and self.pipeline.state in {State.ANSWERING, State.SPEAKING}:
                level = dbfs(played[at * FRAME : (at + 1) * FRAME])
                self.do(Sounding(self.turn, level, "as the recording has it"))
            self.do(self._hearing.feed(frame))
        return [effect for _, effect in self.done[before:]]

    def do(self, given: object) -> None:
        self.done += [(self.now, each) for each in self.pipeline.step(self.now, given)]  # type: ignore[arg-type]  # inputs only

    @property
    def turn(self) -> int:
        return next(each.turn for _, each in reversed(self.done) if isinstance(each, Answer))

    def recognised(self) -> Samples:
        return next(each.samples for _, each in reversed(self.done) if isinstance(each, Recognise))

    def answer(self, text: str = "turn on the light") -> None:
        """From the wake word to the answer that is due."""
        self.hear(silence(1), spoken("okay nabu"), silence(0.3), spoken("turn on the light"), silence(0.5))
        turn = next(each.turn for _, each in reversed(self.done) if isinstance(each, Recognise))
        self.do(Understood(turn, transcribed(text)))
        assert self.pipeline.state is State.ANSWERING


def kinds(done: Sequence[Effect]) -> list[type]:
    return [type(each) for each in done]


def echo(sound: Samples, gain: float = 0.3) -> Samples:
    """As the microphone hears the loudspeaker: quieter, a little later, and once more from the wall."""
    late, wall = silence(0.12), silence(0.16)
    first = np.concatenate((late, sound))[: sound.size]
    return np.asarray(gain * (first + 0.3 * np.concatenate((wall, sound))[: sound.size]), np.float32)


@pytest.fixture(scope="module")
def beckett(recordings: dict[str, Path]) -> Samples:
    return read_wav(recordings["beckett"].read_bytes())


@pytest.mark.parametrize("pause", [0.0, 0.3, 2.0])
def test_a_command_is_heard_whole_whatever_the_pause_behind_the_wake_word(pause: float) -> None:
    heard, words = Conversation(), spoken("turn on the kitchen light")
    done = heard.hear(silence(1), spoken("okay nabu"), silence(pause), words, silence(0.6))
    assert kinds(done) == [Awake, Recognise]
    missing = words.size - heard.recognised().size
    assert missing < 0.45 * RATE  # espeak's own silence at its end


def test_the_end_is_known_soon_after_it() -> None:
    heard = Conversation()
    heard.hear(silence(1), spoken("okay nabu"), silence(0.5), spoken("turn on the kitchen light"))
    spoke_until = heard.now
    heard.hear(silence(1))
    at = next(now for now, each in heard.done if isinstance(each, Recognise))
    assert at - spoke_until < 0.5


@pytest.mark.parametrize(
    "sound",
    [
        silence(20),
        noise(20, loudness=0.2),
        noise(20, loudness=0.002),
        tone(440, 20) / 3 + tone(554, 20) / 3 + tone(659, 20) / 3,
        np.sign(tone(120, 20)),
    ],
    ids=["silence", "noise", "hiss", "music", "clipped"],
)
def test_what_is_no_speech_comes_to_nothing(sound: Samples) -> None:
    heard = Conversation()
    assert kinds(heard.hear(silence(1), spoken("okay nabu"), sound)) == [Awake, Nothing]
    heard.do(Pressed())
    heard.hear(sound[: 3 * RATE])
    heard.do(Released())
    assert heard.done[-1][1] == Nothing(Dropped.NOBODY)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
@pytest.mark.parametrize("encoding", [Encoding.U8, Encoding.S16, Encoding.F32])
def test_any_microphone_will_do(rate: int, encoding: Encoding) -> None:
    sound = np.concatenate(
        (silence(1), spoken("okay nabu"), silence(0.3), spoken("stop the music"), silence(1))
    )
    stream = PcmStream(Form(rate, 2, encoding))
    heard = Conversation()
    same = stream.feed(written(resampled(sound, RATE, rate), encoding, 2))
    assert kinds(heard.hear(same)) == [Awake, Recognise]


@pytest.mark.real
def test_what_the_loudspeaker_says_neither_wakes_nor_interrupts(beckett: Samples) -> None:
    heard = Conversation()
    heard.answer()
    said = np.concatenate((beckett[: 6 * RATE], spoken("okay nabu"), beckett[6 * RATE :]))
    assert heard.hear(echo(said), played=said) == []
    heard.do(Spoken(heard.turn))
    assert heard.hear(echo(said)[-RATE // 4 :], silence(2)) == []
    assert heard.pipeline.state is State.ASLEEP


@pytest.mark.real
def test_who_speaks_up_over_a_real_voice_is_let_in(beckett: Samples) -> None:
    heard = Conversation()
    heard.answer()
    over = np.concatenate((silence(5), spoken("stop it now")))
    mixed = echo(beckett, 0.1)
    mixed[: over.size] += over
    done = heard.hear(mixed[: 7 * RATE], played=beckett)
    assert kinds(done)[:2] == [Stop, Awake]
    at = next(now for now, each in heard.done if isinstance(each, Stop))
    begun = heard.now - 7 + 5
    assert 0 < at - begun < 1.0


@pytest.mark.real
def test_somebody_who_talks_and_talks_is_bounded(beckett: Samples) -> None:
    heard = Conversation()
    heard.hear(silence(1), spoken("okay nabu"), *[beckett + noise(10, loudness=0.05)[: beckett.size]] * 4)
    for _, effect in heard.done:
        if isinstance(effect, Recognise):
            assert effect.samples.size <= 16 * RATE
    heard.hear(silence(90))
    assert heard.pipeline.state is State.ASLEEP


@pytest.mark.real
def test_two_at_once_are_one_utterance(recordings: dict[str, Path], beckett: Samples) -> None:
    other = read_wav(recordings["two_cities"].read_bytes())[: beckett.size]
    heard = Conversation()
    done = heard.hear(
        silence(1), spoken("okay nabu"), np.asarray((beckett + other).clip(-1, 1), np.float32), silence(2)
    )
    assert kinds(done)[:2] == [Awake, Recognise]


@pytest.mark.real
def test_what_is_heard_is_what_was_said(whisper: Bundle) -> None:
    model, heard = Whisper.load(whisper), Conversation()
    for words in ("turn on the kitchen light", "what is the temperature in the bedroom"):
        heard.hear(silence(2), spoken("okay nabu"), silence(0.4), spoken(words), silence(0.6))
        told = model.feed(Speech(heard.recognised()))
        assert words in told.text.lower().replace("'s", " is")
        turn = next(each.turn for _, each in reversed(heard.done) if isinstance(each, Recognise))
        heard.do(Understood(turn, told))
        assert isinstance(heard.done[-1][1], Answer)
        heard.do(Spoken(turn))

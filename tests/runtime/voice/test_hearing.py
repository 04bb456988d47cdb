"""What is heard in a frame: speech in speech and none in noise, wake words where they were said and nowhere else."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from models.errors import PolicyError
from models.licences.policy import Policy
from runtime.errors import ConfigError, EngineError
from runtime.voice.audio import read_wav
from runtime.voice.border import FRAME, RATE, Samples, Woken
from runtime.voice.hearing import Heard, Hearing
from runtime.voice.vad import SileroActivity
from runtime.voice.wake import WORDS, WakeWords
from tests.support.espeak import needs_espeak, spoken
from tests.support.sounds import noise, silence, tone


def frames(*sounds: Samples) -> Iterator[Samples]:
    whole = np.concatenate(sounds)
    for at in range(0, whole.size - FRAME + 1, FRAME):
        yield whole[at : at + FRAME]


def likely(*sounds: Samples) -> list[float]:
    activity = SileroActivity()
    return [activity.feed(frame) for frame in frames(*sounds)]


def share(*sounds: Samples) -> float:
    found = likely(*sounds)
    return sum(each >= 0.5 for each in found) / len(found)


def woken(stage: WakeWords, *sounds: Samples) -> list[Woken]:
    return [found for frame in frames(silence(2), *sounds, silence(1)) if (found := stage.feed(frame))]


@pytest.mark.parametrize(
    "sound",
    [
        silence(5),
        noise(5, loudness=0.3),
        noise(5, loudness=0.003),
        tone(50, 5),
        tone(1_000, 5),
        tone(440, 5) / 3 + tone(554, 5) / 3 + tone(659, 5) / 3,
        np.sign(tone(200, 5)),
    ],
    ids=["silence", "noise", "hiss", "hum", "tone", "chord", "clipped"],
)
def test_what_is_no_speech_is_none(sound: Samples) -> None:
    assert share(sound) < 0.02


@pytest.mark.real
def test_what_real_people_say_is_speech(recordings: dict[str, Path]) -> None:
    for path in recordings.values():
        speech = read_wav(path.read_bytes())[: 60 * RATE]
        assert share(speech) > 0.4
        assert share(np.asarray((speech * 20).clip(-1, 1))) > 0.4  # recorded far too loudly
        assert share(speech * 0.1) > 0.4


def test_what_was_heard_before_can_be_forgotten() -> None:
    activity = SileroActivity()
    first = [activity.feed(frame) for frame in frames(noise(1))]
    activity.reset()
    assert [activity.feed(frame) for frame in frames(noise(1))] == first


def test_a_frame_is_a_frame() -> None:
    with pytest.raises(EngineError, match="512 samples at a time, not 100"):
        SileroActivity().feed(np.zeros(100, np.float32))


@needs_espeak
@pytest.mark.parametrize(
    ("name", "voice"),
    [
        ("okay_nabu", "en-us"),
        ("hey_mycroft", "en-gb"),
        ("openwakeword.hey_jarvis", "en-us"),
        ("openwakeword.okay_nabu", "en-us"),
    ],
)
def test_a_wake_word_is_heard_once(name: str, voice: str) -> None:
    stage = WakeWords([name], policy=Policy(accept=("CC-BY-NC-SA-4.0",)))
    said = spoken(WORDS[name].phrase, voice=voice)
    for _ in range(2):
        (found,) = woken(stage, said)
        assert found.name == name
        assert found.score > 0.5
        stage.reset()


@needs_espeak
def test_several_are_listened_for_at_once() -> None:
    stage = WakeWords(["okay_nabu", "alexa", "okay_nabu"])
    heard = woken(stage, spoken("okay nabu"), silence(3), spoken("alexa"))
    assert [each.name for each in heard] == ["okay_nabu", "alexa"]


@needs_espeak
@pytest.mark.parametrize(
    "words", ["turn on the kitchen light", "okay, now you go home", "hey Jarvin said no"]
)
def test_what_only_sounds_like_it_is_none(words: str) -> None:
    assert woken(WakeWords(["okay_nabu", "hey_jarvis"]), spoken(words)) == []


@needs_espeak
def test_how_sure_to_be_can_be_set() -> None:
    assert woken(WakeWords(["okay_nabu"], threshold=1.0), spoken("okay nabu")) == []


@pytest.mark.real
def test_nobody_who_speaks_of_other_things_wakes_it(recordings: dict[str, Path]) -> None:
    stage = WakeWords(["okay_nabu", "hey_jarvis", "hey_mycroft", "alexa"])
    for path in recordings.values():
        assert woken(stage, read_wav(path.read_bytes())) == []


def test_a_word_that_there_is_not() -> None:
    with pytest.raises(ConfigError, match="no wake word 'hello'; choose from okay_nabu, hey_jarvis"):
        WakeWords(["hello"])


def test_words_for_non_commercial_use_are_for_who_says_so() -> None:
    with pytest.raises(PolicyError, match=r"openwakeword\.alexa is ruled out by policy\.commercial = true"):
        WakeWords(["openwakeword.alexa"], policy=Policy(commercial=True))
    with pytest.raises(PolicyError, match=r"set policy\.accept = \[.CC-BY-NC-SA-4\.0.\]"):
        WakeWords(["openwakeword.alexa"])
    WakeWords(["openwakeword.alexa"], policy=Policy(accept=("CC-BY-NC-SA-4.0",)))
    WakeWords(["okay_nabu"], policy=Policy(commercial=True))


class Sure:
    """A wake word that hears itself everywhere."""

    def feed(self, given: Samples) -> Woken:
        assert given.size == FRAME
        return Woken("sure", 1.0)

    def reset(self) -> None:
        pass


@needs_espeak
def test_a_wake_word_counts_only_where_somebody_spoke() -> None:
    hearing = Hearing(SileroActivity(), Sure())
    heard: list[Heard] = [
        hearing.feed(frame) for frame in frames(silence(1), spoken("hello there"), silence(3))
    ]
    assert not any(each.woken for each in heard[:31])
    assert any(each.woken for each in heard)
    assert not any(each.woken for each in heard[-31:])
    hearing.reset()
    assert hearing.feed(np.zeros(FRAME, np.float32)).woken is None


def test_without_a_wake_word_there_is_a_button() -> None:
    heard = Hearing(SileroActivity(), None).feed(tone(440, FRAME / RATE))
    assert heard.woken is None
    assert heard.level == pytest.approx(-9, abs=0.2)

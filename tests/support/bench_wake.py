"""script/bench-wake: what is missed, and what wakes it that should not. A table on standard output."""

import argparse
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Final

import numpy as np

from models.licences.policy import Policy
from runtime.engine.turns import Turns
from runtime.voice.audio import read_wav
from runtime.voice.border import FRAME, RATE, Samples, Utterance
from runtime.voice.hearing import Hearing
from runtime.voice.pcm import dbfs
from runtime.voice.resampling import resampled
from runtime.voice.tts.hibari import HibariSpeaker, installed
from runtime.voice.vad import SileroActivity
from runtime.voice.wake import WORDS, WakeWords
from tests.support.espeak import spoken
from tests.support.recordings import RECORDINGS, recording
from tests.support.sounds import noise, silence

_VOICES: Final = ("en-us", "en-gb", "en-gb-scotland", "en-029", "en+f3", "en+m3", "en+m7", "en-gb-x-rp")
_NATURAL: Final = "hibari"
"""A voice of another kind: neural, and a woman's. What a model hears in one, it may not in the other."""
_SPELLED: Final = {"okay nabu": "okay naboo"}
_SPEEDS: Final = (125, 150, 175)
_PITCHES: Final = (40, 60)
_NOISES_DB: Final = (None, 20, 10)
_FREE: Final = Policy(accept=("CC-BY-NC-SA-4.0",))
_SEED: Final = 8


def noisy(sound: Samples, below_db: float | None) -> Samples:
    """With white noise so much quieter than its speech."""
    if below_db is None:
        return sound + noise(sound.size / RATE, loudness=1e-4)[: sound.size]
    loud = dbfs(sound[np.abs(sound) > 0.01])
    hiss = noise(sound.size / RATE + 1, loudness=10 ** ((loud - below_db) / 20), seed=_SEED)[: sound.size]
    return np.asarray((sound + hiss).clip(-1, 1), np.float32)


def alarms(hearing: Hearing, sound: Samples) -> Iterator[str]:
    for at in range(0, sound.size - FRAME + 1, FRAME):
        if (woken := hearing.feed(sound[at : at + FRAME]).woken) is not None:
            yield woken.name


class Speakers:
    """Whoever says a phrase: espeak-ng in many voices, and hibari's."""

    def __init__(self) -> None:
        name = next(iter(installed()))
        self._natural = HibariSpeaker.load(name, Turns())

    def say(self, phrase: str, voice: str, speed: int, pitch: int) -> Samples:
        """`speed` in words a minute; 150 is usual."""
        if voice != _NATURAL:
            return spoken(phrase, voice=voice, words_a_minute=speed, pitch=pitch)
        sounds = list(self._natural.feed(Utterance(_SPELLED.get(phrase, phrase), speed=speed / 150)))
        return resampled(np.concatenate([each.samples for each in sounds]), sounds[0].rate) * 0.5


def missed(word: str, speakers: Speakers) -> tuple[Counter[str], Counter[str]]:
    """How often it was said, and how often that was missed, by voice and by noise."""
    said, lost = Counter[str](), Counter[str]()
    hearing = Hearing(SileroActivity(), WakeWords([word], policy=_FREE))
    for voice in (*_VOICES, _NATURAL):
        for below in _NOISES_DB:
            for speed in _SPEEDS:
                for pitch in _PITCHES:
                    phrase = speakers.say(WORDS[word].phrase, voice, speed, pitch)
                    hearing.reset()
                    heard = list(
                        alarms(hearing, noisy(np.concatenate((silence(1.5), phrase, silence(1))), below))
                    )
                    keys = ("all", voice, "clean" if below is None else f"{below} dB")
                    said.update(keys)
                    lost.update(keys if not heard else ())
    return said, lost


def other_speech(folder: Path) -> Iterator[Samples]:
    """Without end: recordings slower, faster, quieter, noisier; and pages read aloud in between."""
    recorded = [read_wav(recording(name, folder).read_bytes()) for name in RECORDINGS]
    pages = cycle(_paragraphs())
    for number in range(1 << 30):
        sound = recorded[number % len(recorded)]
        rate = (RATE, 14_500, 17_500, 13_500)[number // len(recorded) % 4]
        yield noisy(resampled(sound, rate) * (1.0, 0.3, 0.6)[number % 3], _NOISES_DB[number % 3])
        for _ in range(4):
            voice = _VOICES[number % len(_VOICES)]
            yield noisy(spoken.__wrapped__(next(pages), voice=voice, words_a_minute=_SPEEDS[number % 3]), 20)


def _paragraphs() -> Sequence[str]:
    pages = sorted((Path(__file__).parents[2] / "docs").glob("*.md"))
    text = "\n\n".join(page.read_text(encoding="utf-8") for page in pages)
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return [" ".join(each.split()) for each in prose.split("\n\n") if len(each) > 200 and "|" not in each]


def main() -> None:
    """Measure, and tell."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--minutes", type=float, default=60.0, help="of speech without a wake word")
    ask.add_argument("--words", nargs="*", default=list(WORDS))
    ask.add_argument("--recordings", type=Path, default=Path.home() / ".cache/inglenook-tests/recordings")
    asked = ask.parse_args()
    speakers = Speakers()
    for word in asked.words:
        said, lost = missed(word, speakers)
        parts = ", ".join(f"{key} {lost[key]}/{said[key]}" for key in said if key != "all")
        print(
            f"{word:<26} missed {lost['all']}/{said['all']} ({lost['all'] / said['all']:.1%}): {parts}",
            flush=True,
        )
    hearing, woken, heard_s = (
        Hearing(SileroActivity(), WakeWords(asked.words, policy=_FREE)),
        Counter[str](),
        0.0,
    )
    for sound in other_speech(asked.recordings):
        woken.update(alarms(hearing, sound))
        heard_s += sound.size / RATE
        if heard_s >= asked.minutes * 60:
            break
    for word in asked.words:
        print(f"{word:<26} false alarms {woken[word]} in {heard_s / 60:.0f} minutes", flush=True)


if __name__ == "__main__":
    main()

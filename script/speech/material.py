"""Recordings to be written down: real ones, and commands said by machines, clean and in noise. Made once, then kept."""

import json
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from sentences import sentences

from runtime.engine.turns import Turns
from runtime.voice.audio import read_wav, write_wav
from runtime.voice.border import RATE, Samples, Utterance
from runtime.voice.resampling import Resampler
from runtime.voice.tts.hibari import HibariSpeaker

NOISES_DB: Final = (None, 20, 10, 5)
"""Signal to noise; None: without."""
_ESPEAK: Final = (("en-us", 150), ("en-gb", 175), ("en-us+f3", 200))
"""Voice and words a minute."""
_HIBARI: Final = (0.85, 1.0, 1.2)
_EDGE: Final = RATE // 4
"""Of silence, or noise, before and behind what is said."""
_RECORDED: Final = {
    "beckett.wav": "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better.",
    "two_cities.wav": (
        "It was the best of times, it was the worst of times, it was the age of wisdom, it was the age of "
        "foolishness, it was the epoch of belief, it was the epoch of incredulity, it was the season of "
        "light, it was the season of darkness, it was the spring of hope, it was the winter of despair, we "
        "had everything before us, we had nothing before us, we were all going direct to heaven, we were all "
        "going direct the other way. In short, the period was so far like the present period, that some of "
        "its noisiest authorities insisted on its being received, for good or for evil, in the superlative "
        "degree of comparison only."
    ),
}
"""What is said in the recordings of the wheel moonshine-voice 0.1.5."""


@dataclass(frozen=True)
class Clip:
    """A recording and what is said in it."""

    path: str
    said: str
    group: str
    seconds: float


def made(folder: Path, wheel: Path | None, count: int, seed: int) -> list[Clip]:
    """All of them, under `folder`; real ones out of the wheel."""
    listed = folder / f"clips-{count}-{seed}.json"
    if not listed.exists():
        folder.mkdir(parents=True, exist_ok=True)
        clips = [*_spoken(folder, count, seed), *(_real(folder, wheel) if wheel else ())]
        listed.write_text(json.dumps([asdict(clip) for clip in clips], indent=1), encoding="utf-8")
    return [Clip(**raw) for raw in json.loads(listed.read_text(encoding="utf-8"))]


def _spoken(folder: Path, count: int, seed: int) -> Iterator[Clip]:
    rng = np.random.default_rng(seed)
    hibari = _hibari()
    texts = sentences(count, seed)
    sounds = [_said(text, place, hibari) for place, text in enumerate(texts)]
    for place, (text, sound) in enumerate(zip(texts, sounds, strict=True)):
        for noise in NOISES_DB:
            others = [sounds[int(each)] for each in rng.integers(0, count, 6)]
            heard = sound if noise is None else _mixed(sound, noise, rng, others if place % 2 else [])
            name = f"{seed}-{place:03}-{noise or 'clean'}.wav"
            (folder / name).write_bytes(write_wav(heard))
            yield Clip(
                str(folder / name),
                text,
                f"commands, {f'{noise} dB' if noise else 'clean'}",
                heard.size / RATE,
            )


def _hibari() -> HibariSpeaker:
    from runtime.voice.tts.hibari import installed  # noqa: PLC0415  an extra

    return HibariSpeaker.load(next(iter(installed())), Turns())


def _said(text: str, place: int, hibari: HibariSpeaker) -> Samples:
    """By one of six voices, in turn; no louder than half of full scale."""
    if place % 2:
        sounds = list(hibari.feed(Utterance(text, speed=_HIBARI[place // 2 % len(_HIBARI)])))
        resampler = Resampler(sounds[0].rate)
        sound = np.concatenate([*(resampler.feed(each.samples) for each in sounds), resampler.finish()])
    else:
        voice, speed = _ESPEAK[place // 2 % len(_ESPEAK)]
        wav = subprocess.run(
            ["espeak-ng", "-v", voice, "-s", str(speed), "--stdout", text], capture_output=True, check=True
        ).stdout
        sound = read_wav(wav)
    sound = sound * (0.5 / max(float(np.abs(sound).max()), 1e-6))
    return np.pad(sound, _EDGE).astype(np.float32)


def _mixed(sound: Samples, noise_db: float, rng: np.random.Generator, others: list[Samples]) -> Samples:
    """With that much of pink noise, or of other people talking."""
    if others:
        noise = sum(np.resize(np.roll(each, int(rng.integers(each.size))), sound.size) for each in others)
    else:
        spectrum = np.fft.rfft(rng.standard_normal(sound.size))
        noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(spectrum.size), 1)), sound.size)
    loud = np.abs(sound) > 0.02  # noqa: PLR2004  what is said, not the pauses
    power = float(np.square(sound[loud]).mean()) / float(np.square(noise).mean())
    return np.clip(sound + noise * np.sqrt(power / 10 ** (noise_db / 10)), -1, 1).astype(np.float32)


def _real(folder: Path, wheel: Path) -> Iterator[Clip]:
    with zipfile.ZipFile(wheel) as zipped:
        for name, said in _RECORDED.items():
            sound = read_wav(zipped.read(f"moonshine_voice/assets/{name}"))
            (folder / name).write_bytes(write_wav(sound))
            yield Clip(str(folder / name), said, f"real, {name}", sound.size / RATE)

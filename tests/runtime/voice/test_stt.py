"""Recordings written down: by the tiny random model, which says nothing sensible, and by the real one, which does."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from models.bundle import Bundle
from runtime.engine.session import Session
from runtime.errors import BundleError, CallerError
from runtime.voice.audio import read_wav
from runtime.voice.border import RATE, Samples, Speech
from runtime.voice.stt import Whisper
from tests.support.sounds import noise, silence, tone
from tests.support.tiny import tiny_bundle
from tests.support.whispers import tiny_whisper


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return tiny_whisper(tmp_path_factory.mktemp("whisper") / "bundle", "int8")


@pytest.fixture(scope="module")
def real(whisper: Bundle) -> Whisper:
    return Whisper.load(whisper)


def test_silence_is_not_given_to_the_model(tiny: Bundle) -> None:
    said = Whisper.load(tiny).feed(Speech(silence(3), language="en"))
    assert (said.text, said.no_speech, said.segments, said.language) == ("", 1.0, (), "en")
    assert Whisper.load(tiny).feed(Speech(silence(0))).text == ""


def test_a_long_recording_is_heard_in_windows_of_which_one_is_held(tiny: Bundle) -> None:
    taken = 0

    def pieces() -> Iterator[Samples]:
        nonlocal taken
        for _ in range(60):
            taken += 1
            yield noise(0.5, loudness=0.1)

    ends = []
    for passage in Whisper.load(tiny).listen(pieces(), "de"):
        ends.append(passage.end)
        assert taken * 0.5 <= passage.end + 2.5
    assert ends == sorted(set(ends))
    assert ends[-1] == pytest.approx(30.0)


def test_what_is_not_understood_is_said(tiny: Bundle) -> None:
    hears = Whisper.load(tiny)
    assert hears.languages == ("en", "de")
    assert hears.translates
    hears.feed(Speech(tone(300, 0.2), language="de-AT"))
    hears.feed(Speech(tone(300, 0.2)))  # it chooses one itself
    with pytest.raises(CallerError, match="tiny does not understand 'xx', only en, de"):
        hears.feed(Speech(tone(300, 0.2), language="xx"))


def test_a_model_that_writes_does_not_hear_and_the_other_way_round(tmp_path: Path, tiny: Bundle) -> None:
    manifest = tiny_bundle(tmp_path / "llama")
    with pytest.raises(
        BundleError, match="'tiny' does not hear: it is there to generate; `ingle pull whisper"
    ):
        Whisper.load(Bundle(tmp_path / "llama", manifest, manifest.digest))
    with pytest.raises(
        BundleError, match="there to write down speech and writes none: use `ingle transcribe FILE"
    ):
        Session(tiny.path, tiny.manifest)


@pytest.mark.real
def test_real_recordings_are_written_down(real: Whisper, recordings: dict[str, Path]) -> None:
    sounds = {name: read_wav(path.read_bytes()) for name, path in recordings.items()}
    said = real.feed(Speech(sounds["beckett"], best=3))
    assert said.text.lower().replace(".", "").replace(",", "") == (
        "ever tried ever failed no matter try again fail again fail better"
    )
    assert 1 <= len(said.readings) <= 3
    assert said.no_speech < 0.5
    long = real.feed(Speech(sounds["two_cities"]))
    assert long.text.startswith("It was the best of times, it was the worst of times")
    assert long.text.endswith("comparison only.")
    starts = [segment.start for segment in long.segments]
    assert len(starts) > 5
    assert starts == sorted(starts)
    assert long.segments[-1].end <= sounds["two_cities"].size / RATE


@pytest.mark.real
def test_nothing_is_invented_where_nobody_speaks(real: Whisper) -> None:
    names = ("Kitchen light", "Bedroom lamp", "Garage door", "Thermostat")
    times = np.arange(2 * RATE) / RATE
    hum = np.asarray(
        0.2 * np.sin(2 * np.pi * 50 * times) + 0.05 * np.sin(2 * np.pi * 150 * times), np.float32
    )
    spectrum = np.fft.rfft(noise(2))
    pink = np.fft.irfft(spectrum / np.sqrt(np.arange(spectrum.size) + 1))
    sounds = {
        "noise": noise(2, loudness=0.1),
        "faint noise": noise(1, loudness=0.01),
        "pink noise": np.asarray(0.3 * pink / np.abs(pink).max(), np.float32),
        "tone": tone(440, 2, loudness=0.3),
        "long tone": tone(440, 8, loudness=0.3),
        "hum": hum,
        "silence": silence(4),
    }
    for name, sound in sounds.items():
        for hints in ((), names):
            said = real.feed(Speech(sound, hints=hints))
            assert said.text == "", f"{name} with {hints}: {said.text}"
            assert said.segments == ()


@pytest.mark.real
def test_the_last_digits_of_a_short_sound_do_not_hang_on_the_one_before(
    real: Whisper, recordings: dict[str, Path]
) -> None:
    sound = read_wav(recordings["beckett"].read_bytes())
    first = real.feed(Speech(sound))
    real.feed(Speech(noise(1)))
    assert real.feed(Speech(sound)) == first

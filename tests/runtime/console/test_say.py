"""`ingle say`, with the voices of this machine."""

import shutil
import wave
from pathlib import Path

import pytest

from runtime.voice.tts.espeak import PROGRAM
from tests.support.house import environment, ingle

pytestmark = pytest.mark.skipif(shutil.which(PROGRAM) is None, reason="espeak-ng is not installed")


def test_a_text_becomes_a_file(tmp_path: Path) -> None:
    out = tmp_path / "said.wav"
    done = ingle("say", "--out", str(out), "It", "is", "21", "degrees.", environ=environment(tmp_path))
    assert (done.returncode, done.stderr) == (0, b"")
    with wave.open(str(out)) as said:
        assert said.getnchannels() == 1
        assert 0.5 < said.getnframes() / said.getframerate() < 5


def test_a_voice_of_another_language_is_found(tmp_path: Path) -> None:
    out = tmp_path / "said.wav"
    done = ingle(
        "say", "--out", str(out), "--language", "de", "--", "-v Guten Tag", environ=environment(tmp_path)
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert out.stat().st_size > 10_000


def test_the_voices_are_listed_and_one_of_them_is_the_default(tmp_path: Path) -> None:
    environ = environment(tmp_path, INGLE_VOICE_SPEAKER="espeak-de")
    done = ingle("say", "--list-voices", environ=environ)
    lines = done.stdout.decode().splitlines()
    assert lines[0].split() == ["espeak-de", "de"]
    assert ["espeak-cmn-latn-pinyin", "zh"] in [line.split() for line in lines]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (
            ("--voice", "espeak-enus", "Hello"),
            "there is no voice 'espeak-enus' here; did you mean espeak-en-us?",
        ),
        (("--out", "/nonexistent/x.wav", "Hello"), "/nonexistent/x.wav cannot be written"),
        (("--out", "said.wav", "```x```"), "nothing of that can be said"),
        ((), "give a text"),
    ],
)
def test_what_cannot_be_said_is_a_sentence(arguments: tuple[str, ...], why: str, tmp_path: Path) -> None:
    done = ingle("say", *arguments, environ=environment(tmp_path))
    assert done.returncode != 0
    assert why in done.stderr.decode()
    assert b"Traceback" not in done.stderr

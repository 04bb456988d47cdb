"""`ingle transcribe` as a program of its own, with the tiny random Whisper; and who sends others to it."""

import json
import subprocess
from pathlib import Path

import pytest

from models.bundle import Bundle
from models.store import Store
from runtime.voice.audio import write_wav
from tests.support.house import environment, furnish, ingle, lend
from tests.support.sounds import silence
from tests.support.whispers import tiny_whisper

WHISPER = {"INGLE_VOICE_RECOGNIZER": "tiny"}


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("state")
    bundle = tiny_whisper(path / "built")
    lend(path, Bundle(bundle.path, bundle.manifest, bundle.digest))
    (path / "silence.wav").write_bytes(write_wav(silence(2)))
    return path


def run(state: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return ingle(*arguments, environ=environment(state, **WHISPER))


def test_of_silence_nothing_is_written(state: Path) -> None:
    done = run(state, "transcribe", str(state / "silence.wav"))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"nobody speaks in it\n")


def test_programs_get_one_object(state: Path) -> None:
    done = run(state, "transcribe", str(state / "silence.wav"), "--json", "--language", "de")
    assert json.loads(done.stdout) == {
        "text": "",
        "language": "de",
        "no_speech": 1.0,
        "segments": [],
        "readings": [],
    }


@pytest.mark.parametrize(
    ("content", "arguments", "problem"),
    [
        (b"#!/bin/sh\n", (), "that is no WAV file; convert it with"),
        (write_wav(silence(1))[:20], (), "the WAV file ends before its sound begins"),
        (write_wav(silence(1)), ("--language", "xx"), "tiny does not understand 'xx', only en, de"),
        (write_wav(silence(1)), ("--model", "none"), "none"),
    ],
)
def test_what_cannot_be_written_down_is_said_in_a_sentence(
    state: Path, content: bytes, arguments: tuple[str, ...], problem: str
) -> None:
    (state / "odd.wav").write_bytes(content)
    done = run(state, "transcribe", str(state / "odd.wav"), *arguments)
    assert done.returncode == 1
    assert done.stderr.decode().startswith("error: ")
    assert problem in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1


def test_a_model_that_hears_answers_nothing_and_one_that_writes_does_not_hear(state: Path) -> None:
    done = run(state, "run", "hello", "--model", "tiny")
    assert b"'tiny' is there to write down speech and writes none: use `ingle transcribe FILE" in done.stderr
    furnish(state, "tiny-llama")
    done = run(state, "transcribe", str(state / "silence.wav"), "--model", "tiny-llama")
    assert b"'tiny-llama' does not hear: it is there to generate" in done.stderr


def test_it_is_shown_for_what_it_is(state: Path) -> None:
    shown = run(state, "show", "tiny").stdout.decode()
    assert "task:         transcribe" in shown
    assert "hears:        1 s at a time, by 80 bands" in shown
    assert "sampling" not in shown
    (row,) = [each for each in json.loads(run(state, "list", "--json").stdout) if each["name"] == "tiny"]
    assert row["task"] == "transcribe"
    assert Store(state / "models").resolve("tiny").manifest.transcriber is not None

"""espeak-ng itself, and what stands in its place when it is not itself."""

import shutil
from pathlib import Path

import pytest

from runtime.errors import EngineError
from runtime.voice.border import Sound, Utterance
from runtime.voice.pcm import clipped, dbfs
from runtime.voice.tts.espeak import PROGRAM, EspeakSpeaker, as_text, installed
from tests.support.programs import program

needs_espeak = pytest.mark.skipif(shutil.which(PROGRAM) is None, reason="espeak-ng is not installed")


def said(text: str, voice: str = "en-us", *, speed: float = 1.0, instead: str | None = None) -> list[Sound]:
    return list(EspeakSpeaker(voice, instead).feed(Utterance(text, speed=speed)))


def seconds(sounds: list[Sound]) -> float:
    return sum(each.samples.size / each.rate for each in sounds)


@needs_espeak
def test_it_says_a_clause_at_a_time_neither_faint_nor_clipped() -> None:
    sounds = said("Turned on the kitchen light. It is warm.")
    assert len(sounds) == 2
    for each in sounds:
        assert -35 < dbfs(each.samples) < -10
        assert clipped(each.samples) == 0
    assert 1 < seconds(sounds) < 6


@needs_espeak
@pytest.mark.parametrize("voice", ["en-gb", "de", "cmn-latn-pinyin", "ja"])
def test_its_languages_can_be_spoken(voice: str) -> None:
    text = {"cmn-latn-pinyin": "客廳的燈", "ja": "こんにちは"}.get(voice, "Hello")
    assert seconds(said(text, voice)) > 0.3


@needs_espeak
def test_speed_is_speed() -> None:
    text = "one two three four five six seven eight nine ten"
    assert seconds(said(text, speed=2)) < 0.7 * seconds(said(text))


@needs_espeak
@pytest.mark.parametrize(
    "text", ["--voices", "-v de", "-f /etc/passwd", "<speak>a</speak>", "\x01300s a", "a\0b"]
)
def test_nothing_of_a_text_is_an_instruction(text: str) -> None:
    assert 0.05 < seconds(said(text)) < 4


def test_what_it_takes_for_instructions_is_no_text() -> None:
    assert as_text("[[h@l'oU]]<b/>\x01300s").split() == ["h@l'oU", "b/", "300s"]


@needs_espeak
def test_a_huge_text_is_said_in_pieces_and_can_be_left() -> None:
    sounds = EspeakSpeaker("en-us").feed(Utterance("x" * 10_000 + " and more words" * 10_000))
    assert next(iter(sounds)).samples.size


@needs_espeak
def test_the_usual_voices_of_a_language_come_first() -> None:
    listed = [each.name for each in installed()]
    assert listed.index("en-us") < listed.index("en-029")
    assert {each.language for each in installed() if each.name.startswith("cmn")} == {"zh"}
    assert "cmn" not in listed


def test_without_it_there_are_no_voices(tmp_path: Path) -> None:
    assert installed("/nonexistent") == []
    assert installed(program(tmp_path, "espeak-ng", "exit 1")) == []


@pytest.mark.parametrize(
    ("script", "why"), [("exit 1", "status 1"), ("echo sorry", "is no sound"), ("", "is no sound")]
)
def test_one_that_is_broken_is_a_sentence(script: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=why):
        said("Hello", instead=program(tmp_path, "espeak-ng", script))

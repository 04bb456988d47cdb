"""Piper's voices: a small graph of the same form stands for theirs, which take 60 MB each."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx_ir
import pytest

from runtime.engine.turns import Turns
from runtime.errors import BundleError
from runtime.voice.border import Utterance
from runtime.voice.tts.espeak import PROGRAM
from runtime.voice.tts.piper import PiperSpeaker, Settings, installed

needs_espeak = pytest.mark.skipif(shutil.which(PROGRAM) is None, reason="espeak-ng is not installed")
LETTERS = "_^$ .,?!abcdefghijklmnopqrstuvwxyzəˈˌʊɪɛɹŋθðɔæ"  # noqa: RUF001  the alphabet of phonetics
DESCRIBED: dict[str, Any] = {
    "audio": {"sample_rate": 22050},
    "espeak": {"voice": "en-us"},
    "inference": {"noise_scale": 0.5, "length_scale": 2, "noise_w": 0.8},
    "phoneme_id_map": {letter: [number] for number, letter in enumerate(LETTERS)},
    "language": {"code": "en_US"},
}


def graph(path: Path, *, name: str = "input") -> None:
    """Its output is its input as numbers, times 100 times how slow it is to be."""
    text = f"""<ir_version: 10, opset_import: ["" : 17]>
voice (int64[b, n] {name}, int64[b] input_lengths, float[3] scales) => (float[b, n] output)
{{
   numbers = Cast <to = 1> ({name})
   at = Constant <value_int = 1> ()
   slow = Gather (scales, at)
   output = Mul (numbers, slow)
}}"""
    onnx_ir.save(onnx_ir.from_onnx_text(text), path)


def voice(folder: Path, name: str = "en_US-test-low", **changes: Any) -> Path:
    folder.mkdir(exist_ok=True)
    graph(folder / f"{name}.onnx")
    (folder / f"{name}.onnx.json").write_text(json.dumps(DESCRIBED | changes))
    return folder / f"{name}.onnx"


@needs_espeak
def test_phonemes_go_in_with_pads_between_and_marks_around(tmp_path: Path) -> None:
    speaker = PiperSpeaker.load(voice(tmp_path), Turns())
    first, second = speaker.feed(Utterance("Hello? Yes"))
    ids = np.rint(first.samples / np.abs(first.samples).max() * LETTERS.index("ʊ"))
    known = [LETTERS[int(each)] for each in ids]
    assert known[0] == "^"
    assert known[-1] == "$"
    assert set(known[1:-1:2]) == {"_"}
    assert "".join(known[2:-1:2]) == "həlˈoʊ?"  # noqa: RUF001  as above
    assert first.rate == second.rate == 22050


@needs_espeak
def test_the_voices_of_a_folder_are_those_that_can_be_read(tmp_path: Path) -> None:
    voice(tmp_path, "good")
    voice(tmp_path, "text", phoneme_type="text")
    (tmp_path / "alone.onnx").write_bytes(b"")
    for broken in ("[]", "{}", "{", '{"espeak": {"voice": "-f /etc/passwd"}}', "\x00"):
        voice(tmp_path, "broken")
        (tmp_path / "broken.onnx.json").write_text(broken)
        found = installed(tmp_path)
        assert list(found) == ["good"]
        assert found["good"].language == "en-US"
    assert installed(tmp_path / "absent") == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"espeak": {"voice": "--voices"}},
        {"espeak": {"voice": "de; rm"}},
        {"phoneme_id_map": {"_": [0]}},
        {"audio": {}},
        {"inference": {"noise_scale": float("nan")}},
    ],
    ids=str,
)
def test_a_description_that_cannot_be_so_is_refused(changes: dict[str, Any], tmp_path: Path) -> None:
    path = voice(tmp_path, **changes)
    with pytest.raises(BundleError, match="does not describe a voice of Piper; fetch it again"):
        Settings.read(path.with_name(f"{path.name}.json"))


def test_a_graph_that_is_no_voice_is_refused(tmp_path: Path) -> None:
    path = voice(tmp_path)
    graph(path, name="other")
    with pytest.raises(BundleError, match="no voice of Piper"):
        PiperSpeaker.load(path, Turns())
    path.write_bytes(b"nonsense")
    with pytest.raises(BundleError, match="cannot be loaded; fetch it again"):
        PiperSpeaker.load(path, Turns())

"""Whisper out of CTranslate2's file: the same tensors under the maker's names, and nothing damaged is believed."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import ArchitectureError, ModelError, WeightsError
from models.weights import open_checkpoint
from models.weights.ctranslate2 import Variables
from tests.support.whispers import WHISPER, convert, model_bin

HEADER = 4_000
"""Bytes of the sample in which there are counts, names and lengths of many variables."""


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture(scope="module")
def sound(directory: Path) -> bytes:
    return (convert(directory / "sound") / "model.bin").read_bytes()


@pytest.mark.parametrize(
    ("kind", "tolerance"), [("float32", 0.0), ("float16", 1e-3), ("bfloat16", 1e-2), ("int8", 0.02)]
)
def test_tensors_are_the_makers_under_the_makers_names(tmp_path: Path, kind: str, tolerance: float) -> None:
    theirs = open_checkpoint(WHISPER)
    ours = open_checkpoint(convert(tmp_path / "converted", kind=kind))
    assert list(ours.weights) == list(theirs.weights)
    for name in theirs.weights:
        assert ours.weights.shape(name) == theirs.weights.shape(name) == ours.weights[name].shape
        np.testing.assert_allclose(ours.weights[name], theirs.weights[name], rtol=tolerance, atol=tolerance)
    for key, value in ours.config.items():
        assert theirs.config[key] == value


def test_what_a_file_is_stored_as_is_told(tmp_path: Path) -> None:
    weights = open_checkpoint(convert(tmp_path / "converted", kind="float16")).weights
    assert weights.stored("model.encoder.layers.0.fc1.weight") == "F16"
    assert "model.encoder.layers.0.self_attn.k_proj.bias" not in weights
    assert "model.nothing" not in weights


def test_another_model_of_ctranslate2_is_refused_by_its_name(tmp_path: Path) -> None:
    folder = convert(tmp_path / "converted")
    (folder / "model.bin").write_bytes(model_bin({}, specification="TransformerSpec"))
    (folder / "model.bin").write_bytes(
        model_bin({"decoder/embeddings/weight": np.zeros((2, 2))}, specification="TransformerSpec")
    )
    with pytest.raises(
        ArchitectureError, match="holds a TransformerSpec; of CTranslate2's models only Whisper"
    ):
        open_checkpoint(folder)


def test_a_pickle_is_no_model_of_ctranslate2(tmp_path: Path) -> None:
    folder = convert(tmp_path / "converted")
    (folder / "model.bin").write_bytes(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.")
    with pytest.raises(WeightsError, match="no model of CTranslate2 in version 5 or 6"):
        open_checkpoint(folder)
    (folder / "model.bin").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"model.bin is empty; fetch it again"):
        open_checkpoint(folder)


def variable(
    *, name: bytes = b"a\0", rank: bytes = b"\1", shape: bytes = b"\1\0\0\0", rest: bytes = b""
) -> bytes:
    start = b"\6\0\0\0" + b"\2\0W\0" + b"\3\0\0\0" + b"\1\0\0\0"
    return start + len(name).to_bytes(2, "little") + name + rank + shape + rest


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\6\0\0\0" + b"\2\0W\0" + b"\3\0\0\0" + b"\xff\xff\xff\xff", "4294967295 variables cannot be"),
        (variable(name=b"a"), "a name of 1 bytes cannot be"),
        (variable(name=b"\n\0"), "a name is no name"),
        (variable(name=b"ab"), "a name is no name"),
        (variable(rank=b"\xff"), "'a' has 255 dimensions"),
        (variable(rest=b"\x09\4\0\0\0"), "'a' has the unknown type 9"),
        (variable(rest=b"\0\xff\xff\xff\xff"), r"'a' of shape \[1\] cannot have 4294967295 bytes"),
        (variable(shape=b"\0\0\0\0", rest=b"\0\0\0\0\0"), r"'a' of shape \[0\] cannot have 0 bytes"),
        (variable(rest=b"\0\4\0\0\0"), "ends within 'a'"),
        (variable(rest=b"\0\4\0\0\0" + bytes(4) + b"\0\0\0\0" + b"more"), "4 bytes are behind its end"),
        (
            variable(rest=b"\0\4\0\0\0" + bytes(4) + b"\1\0\0\0" + b"\2\0b\0" + b"\2\0c\0"),
            "'b' stands for 'c'",
        ),
        (
            variable(rest=b"\0\4\0\0\0" + bytes(4) + b"\1\0\0\0" + b"\2\0a\0" + b"\2\0a\0"),
            "'a' is there twice",
        ),
    ],
)
def test_what_cannot_be_is_named(directory: Path, content: bytes, problem: str) -> None:
    path = directory / "model.bin"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=problem):
        Variables(path)


def test_integers_need_scales(directory: Path) -> None:
    path = directory / "model.bin"
    path.write_bytes(variable(rest=b"\1\1\0\0\0" + b"\7" + bytes(4)))
    with pytest.raises(WeightsError, match="integers in 'a' without scales"):
        Variables(path)["a"]


def complaint(folder: Path) -> str:
    """What a model error said, empty for a whole read; any other exception is the test's to fail on."""
    try:
        weights = open_checkpoint(folder).weights
        for name in weights:
            assert weights[name].shape == weights.shape(name)
    except ModelError as exc:
        return str(exc)
    return ""


@given(st.lists(st.tuples(st.integers(0, HEADER), st.integers(0, 255)), min_size=1, max_size=4))
@settings(max_examples=150)
def test_a_damaged_file_is_refused_or_read_whole(
    directory: Path, sound: bytes, flips: list[tuple[int, int]]
) -> None:
    content = bytearray(sound)
    for place, value in flips:
        content[place] = value
    (directory / "sound" / "model.bin").write_bytes(content)
    assert len(complaint(directory / "sound")) < 300


@given(st.floats(0, 1))
@settings(max_examples=50)
def test_a_truncated_file_is_refused(directory: Path, sound: bytes, share: float) -> None:
    cut = sound[: int(share * (len(sound) - 1))]
    (directory / "sound" / "model.bin").write_bytes(cut)
    assert complaint(directory / "sound")

"""Damaged GGUF files: a model error of one sentence or a whole read, never anything else and never for long."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from gguf import GGMLQuantizationType
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import ModelError
from models.weights import open_checkpoint
from tests.support.ggufs import write_gguf
from tests.support.tiny import tiny_checkpoint

HEADER = 12_000
"""Bytes in which nearly every count and length of the sample lies; asserted below."""


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture(scope="module")
def sound(directory: Path) -> bytes:
    path = directory / "sound.gguf"
    write_gguf(path, tiny_checkpoint(), kind=GGMLQuantizationType.Q4_1)
    content = path.read_bytes()
    assert b"blk.2.ffn_down.weight" in content[:HEADER]
    return content


def complaint(path: Path) -> str:
    """What a model error said, empty for a whole read; any other exception is the test's to fail on."""
    try:
        weights = open_checkpoint(path).weights
        shapes = {name: weights[name].shape for name in weights}
    except ModelError as exc:
        return str(exc)
    assert all(weights.shape(name) == shape for name, shape in shapes.items())
    return ""


flips = st.lists(
    st.tuples(
        st.integers(0, HEADER),
        st.one_of(st.sampled_from([0, 1, 127, 128, 255]), st.integers(0, 255)),
    ),
    min_size=1,
    max_size=8,
)


@given(changes=flips)
@settings(max_examples=400, deadline=None)
def test_changed_bytes(changes: list[tuple[int, int]], sound: bytes, directory: Path) -> None:
    content = bytearray(sound)
    for at, value in changes:
        content[at] = value
    path = directory / "changed.gguf"
    path.write_bytes(content)
    message = complaint(path)
    assert "\n" not in message
    assert len(message) < 400


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_cut_short(data: st.DataObject, sound: bytes, directory: Path) -> None:
    length = data.draw(st.integers(0, HEADER) | st.integers(0, len(sound) - 33))
    path = directory / "cut.gguf"
    path.write_bytes(sound[:length])
    with pytest.raises(ModelError, match=r"truncated|corrupt|not a GGUF"):
        open_checkpoint(path)


@given(content=st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_noise_behind_a_good_start(content: bytes, directory: Path) -> None:
    path = directory / "noise.gguf"
    path.write_bytes(b"GGUF\x03\x00\x00\x00" + content)
    with pytest.raises(ModelError):
        open_checkpoint(path)

"""Safetensors files: every float type widened exactly, everything else refused, damage said in one sentence."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import save_file

from models.errors import ModelError, WeightsError
from models.weights.safetensors import SafetensorsWeights

Entry = tuple[str, list[int], bytes]


def write(path: Path, entries: Mapping[str, Entry]) -> Path:
    """The format by hand: the package writes no bfloat16 from numpy."""
    header, data = {}, b""
    for name, (dtype, shape, raw) in entries.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return path


def values(count: int) -> NDArray[np.float32]:
    return np.random.default_rng(0).standard_normal(count, np.float32)


def complaint(path: Path) -> str:
    """What a model error said, empty for a whole read; any other exception is the test's to fail on."""
    try:
        weights = SafetensorsWeights([path])
        shapes = {name: weights[name].shape for name in weights}
    except ModelError as exc:
        return str(exc)
    assert all(weights.shape(name) == shape for name, shape in shapes.items())
    return ""


@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8"])
def test_what_the_package_wrote_comes_back(dtype: str, tmp_path: Path) -> None:
    stored = {
        "b": values(6).reshape(2, 3).astype(dtype),
        "a": values(4).astype(dtype),
        "c": np.zeros((0, 3), dtype),
    }
    save_file(stored, tmp_path / "m.safetensors", metadata={"format": "pt"})
    weights = SafetensorsWeights([tmp_path / "m.safetensors"])
    assert list(weights) == ["a", "b", "c"]
    for name, array in stored.items():
        assert name in weights
        assert weights.shape(name) == array.shape
        np.testing.assert_array_equal(weights[name], array.astype(np.float32), strict=True)


@given(bits=st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=20))
@settings(max_examples=100, deadline=None)
def test_bfloat16_is_the_upper_half_of_float32(
    bits: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    raw = np.array(bits, "<u2")
    path = write(tmp_path_factory.mktemp("bf") / "m.safetensors", {"w": ("BF16", [len(bits)], raw.tobytes())})
    found = SafetensorsWeights([path])["w"]
    expected = np.array(
        [struct.unpack("<f", struct.pack("<I", value << 16))[0] for value in bits], np.float32
    )
    np.testing.assert_array_equal(found, expected)


def test_shards_are_one_checkpoint(tmp_path: Path) -> None:
    one = write(tmp_path / "1.safetensors", {"a": ("F32", [1], values(1).tobytes())})
    two = write(tmp_path / "2.safetensors", {"b": ("F32", [2], values(2).tobytes())})
    weights = SafetensorsWeights([one, two])
    assert list(weights) == ["a", "b"]
    assert weights.file("b") == "2.safetensors"
    with pytest.raises(WeightsError, match=r"tensor 'a' is in both 1\.safetensors and 1\.safetensors"):
        SafetensorsWeights([one, one])


@pytest.mark.parametrize("dtype", ["I64", "I32", "U8", "F8_E4M3", "BOOL"])
def test_types_that_are_no_weights_are_refused_by_name(dtype: str, tmp_path: Path) -> None:
    sizes = {"I64": 8, "I32": 4}
    path = write(tmp_path / "m.safetensors", {"odd.qweight": (dtype, [2], bytes(2 * sizes.get(dtype, 1)))})
    with pytest.raises(WeightsError, match=rf"tensor 'odd\.qweight' of m\.safetensors is of type {dtype}"):
        SafetensorsWeights([path])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "truncated or corrupt"),
        (b"\x02\x00\x00\x00", "truncated or corrupt"),
        (b"\xff" * 8, "header too large"),
        (struct.pack("<Q", 2) + b"{]", "invalid JSON"),
        (b"version https://git-lfs.github.com/spec/v1\n", "truncated or corrupt"),
    ],
)
def test_a_bad_file_gets_a_sentence(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        SafetensorsWeights([path])


def test_a_wrong_shape_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors", {"a": ("F32", [3], bytes(8))})
    with pytest.raises(WeightsError, match="tensor 'a' has not the bytes its shape takes"):
        SafetensorsWeights([path])


def test_a_file_cut_short_names_the_tensor(tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors", {"a": ("F32", [2], bytes(8)), "b": ("F32", [2], bytes(8))})
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(WeightsError, match="it ends within tensor 'b'"):
        SafetensorsWeights([path])


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"cannot read m\.safetensors"):
        SafetensorsWeights([tmp_path / "m.safetensors"])


def test_a_file_that_shrinks_after_opening_names_the_tensor(tmp_path: Path) -> None:
    path = write(tmp_path / "m.safetensors", {"a": ("F32", [2], bytes(8)), "b": ("F32", [2], bytes(8))})
    weights = SafetensorsWeights([path])
    path.write_bytes(path.read_bytes()[:-4])
    assert not weights["a"].any()
    with pytest.raises(WeightsError, match="ends within 'b'"):
        weights["b"]


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_damage_is_a_model_error_or_a_whole_read(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    entries: dict[str, Entry] = {"a.weight": ("BF16", [2, 3], bytes(12)), "b": ("F32", [2], bytes(8))}
    path = write(tmp_path_factory.getbasetemp() / "damaged.safetensors", entries)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)) | st.just(len(content)))])
    assert "\n" not in complaint(path)

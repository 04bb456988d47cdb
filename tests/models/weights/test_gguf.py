"""GGUF files: what the converter wrote comes back under Hugging Face's names, whatever type it is stored as."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFReader
from gguf.constants import GGML_QUANT_SIZES
from gguf.quants import dequantize
from numpy.typing import NDArray

from models.checkpoint import Checkpoint
from models.errors import ArchitectureError, WeightsError
from models.graph.rotary import frequencies
from models.weights import open_checkpoint
from models.weights.gguf import unpermute
from models.weights.gguf_header import read_header
from tests.support.converters import gguf_names
from tests.support.ggufs import write_gguf
from tests.support.goldens import LLAMAS
from tests.support.tiny import tiny_checkpoint

UNSUPPORTED = {"Q8_1", "Q8_K", "I8", "I16", "I32", "I64", "F64", "Q1_0"}
READABLE = [kind for kind in GGMLQuantizationType if kind.name not in UNSUPPORTED]


@dataclass(frozen=True)
class Noise:
    """Random weights of the shapes a one-layer llama has, wide enough for every type's blocks."""

    width: int = 256

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        layer, square = "model.layers.0", (self.width, self.width)
        names = [f"self_attn.{x}_proj" for x in "qkvo"] + [f"mlp.{x}_proj" for x in ("gate", "up", "down")]
        return {
            "model.embed_tokens.weight": (288, self.width),
            "model.norm.weight": (self.width,),
            f"{layer}.input_layernorm.weight": (self.width,),
            f"{layer}.post_attention_layernorm.weight": (self.width,),
            **{f"{layer}.{name}.weight": square for name in names},
        }

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.shapes))

    def __contains__(self, name: object) -> bool:
        return name in self.shapes

    def stored(self, name: str) -> str:
        del name
        return "F32"

    def shape(self, name: str) -> tuple[int, ...]:
        return self.shapes[name]

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        seed = sum(name.encode())
        return np.random.default_rng(seed).standard_normal(self.shapes[name], np.float32)


def noise_checkpoint() -> Checkpoint:
    tiny = tiny_checkpoint()
    sizes = {"hidden_size": 256, "intermediate_size": 256, "num_hidden_layers": 1, "head_dim": 64}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 4}
    return replace(tiny, config={**tiny.config, **sizes, **heads}, weights=Noise())


@pytest.mark.parametrize("variant", [golden.name for golden in LLAMAS])
def test_a_converted_checkpoint_is_the_same_model(variant: str, tmp_path: Path) -> None:
    golden = tiny_checkpoint(variant)
    write_gguf(tmp_path / "m.gguf", golden)
    found = open_checkpoint(tmp_path / "m.gguf")
    assert list(found.weights) == list(golden.weights)
    for name in golden.weights:
        assert found.weights.shape(name) == golden.weights.shape(name)
        np.testing.assert_array_equal(found.weights[name], golden.weights[name], strict=True)
    different = {key for key, value in found.config.items() if golden.config.get(key) != value}
    assert different <= {"rope_scaling"}
    turns, wanted = (
        frequencies(c["head_dim"], c["rope_theta"], c["rope_scaling"]) for c in (found.config, golden.config)
    )
    np.testing.assert_allclose(turns, wanted, rtol=1e-6)
    assert found.chat_template == golden.chat_template
    assert (found.bos_id, found.eos_ids) == (golden.bos_id, golden.eos_ids)


@pytest.mark.parametrize("kind", READABLE, ids=lambda kind: kind.name)
def test_every_type_reads_as_the_package_dequantises_it(kind: GGMLQuantizationType, tmp_path: Path) -> None:
    path, name = tmp_path / "m.gguf", "model.layers.0.mlp.up_proj.weight"
    write_gguf(path, noise_checkpoint(), kind=kind)
    stored = next(tensor for tensor in GGUFReader(path).tensors if tensor.name in gguf_names(name))
    with np.errstate(all="ignore"):
        expected = dequantize(stored.data, kind)
    found = open_checkpoint(path).weights[name]
    assert found.dtype == np.float32
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, expected)


def test_every_type_of_the_package_was_thought_of() -> None:
    for kind in GGMLQuantizationType:
        block = np.zeros((1, GGML_QUANT_SIZES[kind][1]), np.uint8)
        if kind in READABLE:
            dequantize(block, kind)
        else:
            with pytest.raises(NotImplementedError):
                dequantize(block, kind)


@pytest.mark.parametrize("name", sorted(UNSUPPORTED))
def test_a_type_that_cannot_be_dequantised_is_refused_when_opening(name: str, tmp_path: Path) -> None:
    kind = GGMLQuantizationType[name]
    write_gguf(tmp_path / "m.gguf", noise_checkpoint(), kind=kind)
    with pytest.raises(WeightsError, match=f"type {name}, which cannot be dequantised"):
        open_checkpoint(tmp_path / "m.gguf")


def test_the_header_agrees_with_the_package(tmp_path: Path) -> None:
    write_gguf(tmp_path / "m.gguf", tiny_checkpoint(), kind=GGMLQuantizationType.Q8_0)
    header, peer = read_header(tmp_path / "m.gguf"), GGUFReader(tmp_path / "m.gguf")
    for key, value in header.metadata.items():
        assert peer.fields[key].contents() == value
    assert len(header.tensors) == len(peer.tensors)
    for tensor in peer.tensors:
        info = header.tensors[tensor.name]
        assert (info.offset, info.size, info.kind) == (tensor.data_offset, tensor.n_bytes, tensor.tensor_type)
        assert info.shape == tuple(reversed(tensor.shape.tolist()))


def test_unpermute_undoes_the_converter() -> None:
    rows = np.arange(24, dtype=np.float32).reshape(24, 1)
    stored = rows.reshape(3, 2, 4, 1).swapaxes(1, 2).reshape(24, 1)
    assert stored.ravel()[:4].tolist() == [0, 4, 1, 5]
    np.testing.assert_array_equal(unpermute(stored, 3), rows)


def test_a_missing_tensor_is_a_key_error(tmp_path: Path) -> None:
    write_gguf(tmp_path / "m.gguf", tiny_checkpoint())
    weights = open_checkpoint(tmp_path / "m.gguf").weights
    assert "nonsense" not in weights
    with pytest.raises(KeyError):
        weights["nonsense"]


def test_a_file_that_shrinks_after_opening_names_the_tensor(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    write_gguf(path, tiny_checkpoint())
    weights = open_checkpoint(path).weights
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with pytest.raises(
        WeightsError, match=r"truncated: it ends within 'model\.layers\.2\.mlp\.up_proj\.weight'"
    ):
        weights["model.layers.2.mlp.up_proj.weight"]


def test_an_unknown_architecture_is_named(tmp_path: Path) -> None:
    write_gguf(tmp_path / "m.gguf", tiny_checkpoint(), architecture="mamba")
    with pytest.raises(ArchitectureError, match="'mamba' is not one we build"):
        open_checkpoint(tmp_path / "m.gguf")


def test_a_tensor_the_architecture_does_not_have_is_named(tmp_path: Path) -> None:
    extra = {"blk.0.ffn_gate_inp.weight": np.zeros((4, 64), np.float32)}
    write_gguf(tmp_path / "m.gguf", tiny_checkpoint(), extra=extra)
    with pytest.raises(ArchitectureError, match=r"blk\.0\.ffn_gate_inp\.weight"):
        open_checkpoint(tmp_path / "m.gguf")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a GGUF file"),
        (b"GG", "not a GGUF file"),
        (b"PK\x03\x04" + bytes(100), "not a GGUF file"),
        (b"GGUF", "truncated: 4 bytes"),
        (b"GGUF\x01\x00\x00\x00" + bytes(16), "GGUF version 1, not 2 or 3"),
        (b"GGUF\x00\x00\x00\x03" + bytes(16), "big-endian"),
        (b"GGUF\x03\x00\x00\x00" + b"\xff" * 16, "18446744073709551615 tensors cannot be"),
        (b"GGUF\x03\x00\x00\x00" + bytes(8) + b"\xff\xff" + bytes(6), "65535 metadata keys cannot be"),
        (b"GGUF\x03\x00\x00\x00" + bytes(16), "lacks the metadata 'general.architecture'"),
    ],
)
def test_a_bad_header_gets_a_sentence(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=message):
        open_checkpoint(path)


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"cannot read m\.gguf \(No such file"):
        open_checkpoint(tmp_path / "m.gguf")

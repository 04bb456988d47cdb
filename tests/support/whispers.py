"""A tiny random Whisper: as its maker keeps it, as CTranslate2 does, as a bundle; and real recordings."""

import shutil
import struct
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from models.assemble import Order
from models.bundle import Bundle
from models.checkpoint import Weights
from models.manifest import Manifest
from models.speech.build import assemble
from models.weights import open_checkpoint
from tests.support.goldens import GOLDEN_DIR
from tests.support.small_bundle import quiet
from tests.support.tiny import IDENTITY

WHISPER: Final = GOLDEN_DIR / "whisper"
TYPES: Final = {"float32": (0, "<f4"), "float16": (4, "<f2"), "int8": (1, "<i1"), "bfloat16": (5, "<u2")}
Array = NDArray[np.generic]


@dataclass(frozen=True)
class Golden:
    """What transformers made of a sound by it, in float32."""

    mel: NDArray[np.float32]
    ids: tuple[int, ...]
    logits: NDArray[np.float32]

    @classmethod
    def read(cls) -> Self:
        with np.load(WHISPER / "logits.npz") as arrays:
            return cls(arrays["mel"], tuple(arrays["ids"].tolist()), arrays["logits"])


def tiny_whisper(into: Path, recipe: str = "fp32", weights: Path = WHISPER) -> Bundle:
    """Build it into `into`, which is made."""
    into.mkdir(parents=True)
    manifest = assemble(Order(weights, IDENTITY, recipe), into, into / "scratch", quiet)
    return Bundle(into, manifest, manifest.digest)


def convert(into: Path, *, kind: str = "float32") -> Path:
    """The tiny one as a directory of CTranslate2, which is made; biases and norms stay float32."""
    into.mkdir(parents=True)
    weights = open_checkpoint(WHISPER).weights
    (into / "model.bin").write_bytes(model_bin(variables(weights), kind=kind))
    (into / "config.json").write_text('{"suppress_ids": [1, 2], "suppress_ids_begin": [220, 256]}')
    shutil.copy(WHISPER / "tokenizer.json", into)
    return into


def variables(weights: Weights) -> dict[str, Array]:
    """Every tensor under CTranslate2's name."""
    found: dict[str, Array] = {
        "decoder/embeddings/weight": weights["model.decoder.embed_tokens.weight"],
        **{f"{side}/num_heads": np.array(2, np.int16) for side in ("encoder", "decoder")},
    }
    for side in ("encoder", "decoder"):
        found[f"{side}/position_encodings/encodings"] = weights[f"model.{side}.embed_positions.weight"]
        _norm(found, weights, f"{side}/layer_norm", f"model.{side}.layer_norm")
        for layer in range(2):
            ours, theirs = f"model.{side}.layers.{layer}", f"{side}/layer_{layer}"
            _norm(found, weights, f"{theirs}/self_attention/layer_norm", f"{ours}.self_attn_layer_norm")
            _norm(found, weights, f"{theirs}/ffn/layer_norm", f"{ours}.final_layer_norm")
            _linear(found, weights, f"{theirs}/self_attention/linear_0", f"{ours}.self_attn", "qkv")
            _linear(found, weights, f"{theirs}/self_attention/linear_1", f"{ours}.self_attn.out_proj")
            _linear(found, weights, f"{theirs}/ffn/linear_0", f"{ours}.fc1")
            _linear(found, weights, f"{theirs}/ffn/linear_1", f"{ours}.fc2")
            if side == "decoder":
                _norm(found, weights, f"{theirs}/attention/layer_norm", f"{ours}.encoder_attn_layer_norm")
                _linear(found, weights, f"{theirs}/attention/linear_0", f"{ours}.encoder_attn", "q")
                _linear(found, weights, f"{theirs}/attention/linear_1", f"{ours}.encoder_attn", "kv")
                _linear(found, weights, f"{theirs}/attention/linear_2", f"{ours}.encoder_attn.out_proj")
    for conv in ("conv1", "conv2"):
        _linear(found, weights, f"encoder/{conv}", f"model.encoder.{conv}")
    return found


def _norm(found: dict[str, Array], weights: Weights, theirs: str, ours: str) -> None:
    found[f"{theirs}/gamma"], found[f"{theirs}/beta"] = weights[f"{ours}.weight"], weights[f"{ours}.bias"]


def _linear(found: dict[str, Array], weights: Weights, theirs: str, ours: str, parts: str = "") -> None:
    names = [f"{ours}.{part}_proj" for part in parts] or [ours]
    matrices = [weights[f"{name}.weight"] for name in names]
    biases = [
        weights[f"{name}.bias"] if f"{name}.bias" in weights else np.zeros(len(matrix), np.float32)
        for name, matrix in zip(names, matrices, strict=True)
    ]
    found[f"{theirs}/weight"], found[f"{theirs}/bias"] = np.concatenate(matrices), np.concatenate(biases)


def model_bin(
    named: Mapping[str, Array], *, kind: str = "float32", specification: str = "WhisperSpec", version: int = 6
) -> bytes:
    """The bytes of `model.bin`; matrices are stored as `kind`, whole numbers as they are."""
    stored: dict[str, tuple[Array, int]] = {}
    for name, array in named.items():
        if array.dtype == np.int16:
            stored[name] = (array, 2)
        elif kind == "int8" and name.endswith("weight") and array.ndim == 2:
            peaks = np.abs(array.astype(np.float32)).max(axis=1)
            scales = 127 / np.where(peaks > 0, peaks, 127)
            stored[name] = (np.rint(array.astype(np.float32) * scales[:, None]).astype(np.int8), 1)
            stored[f"{name}_scale"] = (scales.astype(np.float32), 0)
        elif kind == "bfloat16":
            stored[name] = ((array.astype(np.float32).view(np.uint32) >> 16).astype(np.uint16), 5)
        else:
            number, dtype = TYPES[kind if kind != "int8" else "float32"]
            stored[name] = (array.astype(dtype), number)
    out = struct.pack("<I", version) + _text(specification) + struct.pack("<II", 3, len(stored))
    for name, (array, number) in stored.items():
        out += _text(name) + struct.pack(f"<B{array.ndim}IBI", array.ndim, *array.shape, number, array.nbytes)
        out += array.tobytes()
    alias = "decoder/projection/weight"
    return out + struct.pack("<I", 1) + _text(alias) + _text("decoder/embeddings/weight")


def _text(text: str) -> bytes:
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"


def whisper_manifest() -> Manifest:
    """That of the tiny one, without its graphs."""
    with tempfile.TemporaryDirectory() as folder:
        return tiny_whisper(Path(folder) / "bundle").manifest

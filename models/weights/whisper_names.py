"""A Whisper of CTranslate2 under Hugging Face's names: its files in, a `Checkpoint` out.

CTranslate2 keeps the projections of queries, keys and values as one matrix, and says the sizes of a model by those of
its variables. What tokens are called is in `tokenizer.json`; which of them are not to be written, in `config.json`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.checkpoint import Checkpoint
from models.errors import ArchitectureError, WeightsError
from models.weights.ctranslate2 import NAME, Variables

_SPECIFICATION: Final = "WhisperSpec"
_MOST_LAYERS: Final = 128
_MOST_BYTES: Final = 1 << 25
"""Of a JSON file beside the weights."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some rows of a variable."""

    name: str
    part: int = 0
    parts: int = 1


class WhisperWeights:
    """Variables as the tensors of Hugging Face: `models.checkpoint.Weights`."""

    def __init__(self, variables: Variables) -> None:
        self._variables = variables
        self._pieces = dict(_pieces(variables))

    def __iter__(self) -> Iterator[str]:
        """Names, sorted."""
        return iter(sorted(self._pieces))

    def __contains__(self, name: object) -> bool:
        return name in self._pieces

    def shape(self, name: str) -> tuple[int, ...]:
        """As Hugging Face has it."""
        piece = self._pieces[name]
        shape = self._variables.shape(piece.name)
        return shape if piece.parts == 1 else (shape[0] // piece.parts, *shape[1:])

    def stored(self, name: str) -> str:
        """As the file stores it."""
        return self._variables.stored(self._pieces[name].name)

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        """The tensor, read now."""
        piece = self._pieces[name]
        whole = self._variables[piece.name]
        rows = len(whole) // piece.parts
        return np.ascontiguousarray(whole[piece.part * rows : (piece.part + 1) * rows])


def is_converted(directory: Path) -> bool:
    """Whether a directory holds weights as CTranslate2 keeps them, and none as their maker does."""
    return (directory / NAME).is_file() and not any(directory.glob("*.safetensors"))


def open_whisper(directory: Path) -> Checkpoint:
    """Open the `model.bin` in `directory`, with `tokenizer.json` and `config.json` beside it.

    Raises:
        WeightsError: a file is missing, truncated or corrupt.
        ArchitectureError: it is a model of CTranslate2, but no Whisper.
    """
    variables = Variables(directory / NAME)
    if variables.specification != _SPECIFICATION:
        raise ArchitectureError(
            f"{NAME} holds a {variables.specification[:40]}; of CTranslate2's models only Whisper is built"
        )
    beside = _beside(directory / "config.json")
    try:
        tokenizer = (directory / "tokenizer.json").read_bytes()
    except OSError as exc:
        raise WeightsError(f"{directory.name} has no tokenizer.json; fetch the whole model") from exc
    weights = WhisperWeights(variables)
    return Checkpoint(_config(variables, weights, beside), weights, tokenizer, "", None, ())


def _config(variables: Variables, weights: WhisperWeights, beside: Mapping[str, Any]) -> dict[str, Any]:
    """What `config.json` of Hugging Face would say."""
    try:
        vocabulary, width = weights.shape("model.decoder.embed_tokens.weight")
        _, bins, _ = weights.shape("model.encoder.conv1.weight")
        (sources, _), (targets, _) = (
            weights.shape(f"model.{side}.embed_positions.weight") for side in ("encoder", "decoder")
        )
        wide, _ = weights.shape("model.encoder.layers.0.fc1.weight")
        narrow, _ = weights.shape("model.decoder.layers.0.fc1.weight")
    except (KeyError, ValueError) as exc:
        raise WeightsError(f"{NAME} lacks what every Whisper has ({exc}); fetch it again") from exc
    return {
        "model_type": "whisper",
        "d_model": width,
        "vocab_size": vocabulary,
        "num_mel_bins": bins,
        "max_source_positions": sources,
        "max_target_positions": targets,
        "encoder_layers": _layers(variables, "encoder"),
        "decoder_layers": _layers(variables, "decoder"),
        "encoder_attention_heads": variables.number("encoder/num_heads"),
        "decoder_attention_heads": variables.number("decoder/num_heads"),
        "encoder_ffn_dim": wide,
        "decoder_ffn_dim": narrow,
        "suppress_tokens": beside.get("suppress_ids"),
        "begin_suppress_tokens": beside.get("suppress_ids_begin"),
    }


def _pieces(variables: Variables) -> Iterator[tuple[str, _Piece]]:
    """Hugging Face's name for each variable, as far as the file has it."""
    for ours, theirs in _names(variables):
        for leaf, ending in (("weight", "weight"), ("bias", "bias"), ("weight", "gamma"), ("bias", "beta")):
            if (name := f"{theirs}/{ending}") in variables:
                yield from _split(ours, leaf, name)
    for side in ("encoder", "decoder"):
        if (name := f"{side}/position_encodings/encodings") in variables:
            yield f"model.{side}.embed_positions.weight", _Piece(name)


def _split(ours: str, leaf: str, name: str) -> Iterator[tuple[str, _Piece]]:
    """One tensor, or those of the projections that CTranslate2 keeps in one. Whisper's keys have no bias."""
    head, _, projections = ours.rpartition(".")
    parts = projections.split("+")
    for index, part in enumerate(parts):
        if len(parts) == 1 or part != "k_proj" or leaf != "bias":
            yield f"{head}.{part}.{leaf}", _Piece(name, index, len(parts))


def _names(variables: Variables) -> Iterator[tuple[str, str]]:
    yield from (("model.encoder.conv1", "encoder/conv1"), ("model.encoder.conv2", "encoder/conv2"))
    yield "model.decoder.embed_tokens", "decoder/embeddings"
    for side in ("encoder", "decoder"):
        yield f"model.{side}.layer_norm", f"{side}/layer_norm"
        for layer in range(_layers(variables, side)):
            ours, theirs = f"model.{side}.layers.{layer}", f"{side}/layer_{layer}"
            yield f"{ours}.self_attn_layer_norm", f"{theirs}/self_attention/layer_norm"
            yield f"{ours}.self_attn.q_proj+k_proj+v_proj", f"{theirs}/self_attention/linear_0"
            yield f"{ours}.self_attn.out_proj", f"{theirs}/self_attention/linear_1"
            yield f"{ours}.encoder_attn_layer_norm", f"{theirs}/attention/layer_norm"
            yield f"{ours}.encoder_attn.q_proj", f"{theirs}/attention/linear_0"
            yield f"{ours}.encoder_attn.k_proj+v_proj", f"{theirs}/attention/linear_1"
            yield f"{ours}.encoder_attn.out_proj", f"{theirs}/attention/linear_2"
            yield f"{ours}.final_layer_norm", f"{theirs}/ffn/layer_norm"
            yield f"{ours}.fc1", f"{theirs}/ffn/linear_0"
            yield f"{ours}.fc2", f"{theirs}/ffn/linear_1"


def _layers(variables: Variables, side: str) -> int:
    layers = 0
    while layers < _MOST_LAYERS and f"{side}/layer_{layers}/ffn/linear_0/weight" in variables:
        layers += 1
    return layers


def _beside(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise WeightsError(f"{path.name} is larger than any model's; fetch it again")
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as exc:
        raise WeightsError(f"{path.name} cannot be read as JSON ({str(exc)[:80]}); fetch it again") from exc
    if not isinstance(found, dict):
        raise WeightsError(f"{path.name} is not a JSON object; fetch it again")
    return found

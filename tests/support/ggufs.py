"""GGUF files made from a checkpoint, as llama.cpp's converter makes them: for tests of what reads them."""

import json
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter
from gguf.quants import quant_shape_to_byte_shape, quantize
from numpy.typing import NDArray

from models.checkpoint import Checkpoint
from tests.support.converter_settings import add_config, override
from tests.support.converters import converted, gguf_architecture, rope_divisors, stays_float

_CONTROL: Final = 3


def write_gguf(
    path: Path,
    checkpoint: Checkpoint,
    *,
    kind: GGMLQuantizationType = GGMLQuantizationType.F32,
    pre: str = "smollm",
    architecture: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    without: Container[str] = (),
    extra: Mapping[str, NDArray[np.float32]] | None = None,
    licence: str | None = None,
    licence_name: str | None = None,
    licence_link: str | None = None,
) -> None:
    """Write `checkpoint` to `path`, matrices as `kind`.

    `overrides` replace or add metadata under the architecture's prefix (None removes a key); tensors `without`, by
    GGUF's names, are left out and `extra` ones go in as float32.
    """
    writer = GGUFWriter(path, architecture or gguf_architecture(checkpoint.config))
    if licence is not None:
        writer.add_license(licence)
    if licence_name is not None:
        writer.add_license_name(licence_name)
    if licence_link is not None:
        writer.add_license_link(licence_link)
    add_config(writer, checkpoint.config)
    _add_tokenizer(writer, checkpoint, pre)
    for key, value in (overrides or {}).items():
        override(writer, f"{writer.arch}.{key}", value)
    for name in checkpoint.weights:
        for translated, values in converted(name, checkpoint.weights[name], checkpoint.config).items():
            if translated not in without:
                stored = GGMLQuantizationType.F32 if stays_float(translated, values) else kind
                writer.add_tensor(translated, _encoded(values, stored), raw_dtype=stored)
    if (checkpoint.config.get("rope_scaling") or {}).get("rope_type") == "llama3":
        writer.add_tensor("rope_freqs.weight", rope_divisors(checkpoint.config))
    for name, values in (extra or {}).items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _encoded(values: NDArray[np.float32], kind: GGMLQuantizationType) -> NDArray[Any]:
    """The values as `kind`; arbitrary bytes of the right shape where the package cannot quantise."""
    try:
        return quantize(values, kind)
    except NotImplementedError:
        shape = quant_shape_to_byte_shape(values.shape, kind)
        return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def _add_tokenizer(writer: GGUFWriter, checkpoint: Checkpoint, pre: str) -> None:
    tokenizer = json.loads(checkpoint.tokenizer)
    special = {token["id"] for token in tokenizer["added_tokens"]}
    vocabulary = sorted(tokenizer["model"]["vocab"].items(), key=lambda item: item[1])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list([text for text, _ in vocabulary])
    writer.add_token_types([_CONTROL if index in special else 1 for _, index in vocabulary])
    writer.add_token_merges([" ".join(merge) for merge in tokenizer["model"]["merges"]])
    writer.add_eos_token_id(checkpoint.eos_ids[0])
    if checkpoint.bos_id is not None:
        writer.add_bos_token_id(checkpoint.bos_id)
    writer.add_add_bos_token(False)
    writer.add_chat_template(checkpoint.chat_template)

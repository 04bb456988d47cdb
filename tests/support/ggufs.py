"""GGUF files made from a checkpoint, as llama.cpp's converter makes them: for tests of what reads them."""

import json
from collections.abc import Container, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from gguf import (
    MODEL_ARCH_NAMES,
    GGMLQuantizationType,
    GGUFWriter,
    RopeScalingType,
    TensorNameMap,
    get_tensor_name_map,
)
from gguf.quants import quant_shape_to_byte_shape, quantize
from numpy.typing import NDArray

from models.checkpoint import Checkpoint
from models.graph.rotary import frequencies

_ARCHITECTURES: Final = {"gemma3_text": "gemma3", "phi": "phi2"}
"""GGUF's name of a `model_type` where it is another."""
_PERMUTED: Final = frozenset({"llama", "granite", "smollm3"})
"""Architectures whose converter is a `LlamaModel`: it permutes the rows of queries and keys."""
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
    own = gguf_architecture(checkpoint.config)
    writer = GGUFWriter(path, architecture or own)
    if licence is not None:
        writer.add_license(licence)
    if licence_name is not None:
        writer.add_license_name(licence_name)
    if licence_link is not None:
        writer.add_license_link(licence_link)
    _add_config(writer, checkpoint.config)
    _add_tokenizer(writer, checkpoint, pre)
    for key, value in (overrides or {}).items():
        _override(writer, f"{writer.arch}.{key}", value)
    for name in checkpoint.weights:
        if (translated := gguf_name(name, own)) in without:
            continue
        values = _as_stored(name, checkpoint.weights[name], checkpoint.config)
        stored = kind if values.ndim > 1 else GGMLQuantizationType.F32
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


def gguf_architecture(config: Mapping[str, Any]) -> str:
    """GGUF's name of the architecture."""
    own: str = config["model_type"]
    return _ARCHITECTURES.get(own, own)


def gguf_name(name: str, architecture: str = "llama") -> str:
    """Hugging Face's tensor name as GGUF has it, by the package's own table."""
    found = _names(architecture).get_name(name, try_suffixes=(".weight", ".bias"))
    assert found is not None, name
    return found


@cache
def _names(architecture: str) -> TensorNameMap:
    (kind,) = (kind for kind, name in MODEL_ARCH_NAMES.items() if name == architecture)
    return get_tensor_name_map(kind, 64)


def rope_divisors(config: Mapping[str, Any]) -> NDArray[np.float32]:
    """What the converter keeps of `llama3` rotary scaling: how much slower each frequency turns."""
    size, theta = config["head_dim"], config["rope_theta"]
    plain = frequencies(size, theta, None)
    return (plain / frequencies(size, theta, config["rope_scaling"])).astype(np.float32)


def _as_stored(name: str, values: NDArray[np.float32], config: Mapping[str, Any]) -> NDArray[np.float32]:
    """What the architecture's own converter makes of a tensor (`modify_tensors`)."""
    architecture = gguf_architecture(config)
    if architecture == "gemma3" and name.endswith("norm.weight"):
        return values + 1
    if architecture == "lfm2" and "conv.conv" in name:
        return values.squeeze(1)
    heads = {"q_proj": "num_attention_heads", "k_proj": "num_key_value_heads"}.get(name.split(".")[-2])
    if heads is None or architecture not in _PERMUTED:
        return values
    n = config[heads]
    return values.reshape(n, 2, len(values) // n // 2, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)


def _add_config(writer: GGUFWriter, config: Mapping[str, Any]) -> None:
    """What every converter writes (`TextModel.set_gguf_parameters`), then what this architecture's adds."""
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_rope_freq_base(config["rope_theta"])
    if "layer_norm_eps" in config:
        writer.add_layer_norm_eps(config["layer_norm_eps"])
        size = config["hidden_size"] // config["num_attention_heads"]
        writer.add_rope_dimension_count(int(size * config["partial_rotary_factor"]))
    else:
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    scaling = config.get("rope_scaling") or {}
    if scaling.get("rope_type") == "linear":
        writer.add_rope_scaling_type(RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(scaling["factor"])
    if "head_dim" in config:
        writer.add_key_length(config["head_dim"])
        writer.add_value_length(config["head_dim"])
    architecture = gguf_architecture(config)
    if architecture in _PERMUTED:
        size = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
        writer.add_rope_dimension_count(size)
        writer.add_vocab_size(config["vocab_size"])
    if architecture == "granite":
        writer.add_attention_scale(config["attention_multiplier"])
        writer.add_embedding_scale(config["embedding_multiplier"])
        writer.add_residual_scale(config["residual_multiplier"])
        writer.add_logit_scale(config["logits_scaling"])
    if architecture == "stablelm":
        writer.add_parallel_residual(config["use_parallel_residual"])
    if architecture == "lfm2":
        width, step = 2 * config["intermediate_size"] // 3, config["block_multiple_of"]
        _override(writer, f"{writer.arch}.feed_forward_length", -(-width // step) * step)
        kinds, heads = config["layer_types"], config["num_key_value_heads"]
        _override(
            writer,
            f"{writer.arch}.attention.head_count_kv",
            [0 if kind == "conv" else heads for kind in kinds],
        )
        writer.add_shortconv_l_cache(config["conv_L_cache"])
    if architecture == "gemma3":
        writer.add_sliding_window(config["sliding_window"])
        writer.add_rope_freq_base_swa(config["rope_local_base_freq"])


def _override(writer: GGUFWriter, key: str, value: Any) -> None:
    writer.kv_data[0].pop(key, None)
    match value:
        case None:
            return
        case bool():
            writer.add_bool(key, value)
        case int():
            writer.add_uint32(key, value)
        case float():
            writer.add_float32(key, value)
        case str():
            writer.add_string(key, value)
        case _:
            writer.add_array(key, value)


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

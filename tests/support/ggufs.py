"""GGUF files made from a checkpoint, as llama.cpp's converter makes them: for tests of what reads them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, RopeScalingType
from gguf.quants import quant_shape_to_byte_shape, quantize
from numpy.typing import NDArray

from models.checkpoint import Checkpoint
from models.graph.rotary import frequencies

_NAMES: Final = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_CONTROL: Final = 3


def write_gguf(
    path: Path,
    checkpoint: Checkpoint,
    *,
    kind: GGMLQuantizationType = GGMLQuantizationType.F32,
    pre: str = "smollm",
    architecture: str = "llama",
    extra: Mapping[str, NDArray[np.float32]] | None = None,
    licence: str | None = None,
    licence_name: str | None = None,
    licence_link: str | None = None,
) -> None:
    """Write `checkpoint` to `path`, matrices as `kind`; `extra` tensors go in as float32."""
    writer = GGUFWriter(path, architecture)
    if licence is not None:
        writer.add_license(licence)
    if licence_name is not None:
        writer.add_license_name(licence_name)
    if licence_link is not None:
        writer.add_license_link(licence_link)
    _add_config(writer, checkpoint.config)
    _add_tokenizer(writer, checkpoint, pre)
    for name in checkpoint.weights:
        values = _permuted(name, checkpoint.weights[name], checkpoint.config)
        stored = kind if values.ndim > 1 else GGMLQuantizationType.F32
        writer.add_tensor(gguf_name(name), _encoded(values, stored), raw_dtype=stored)
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


def gguf_name(name: str) -> str:
    """Hugging Face's tensor name as GGUF has it."""
    stem, _, suffix = name.rpartition(".")
    if stem.startswith("model.layers."):
        layer, rest = stem.removeprefix("model.layers.").split(".", 1)
        return f"blk.{layer}.{_NAMES[rest]}.{suffix}"
    return f"{_NAMES[stem]}.{suffix}"


def rope_divisors(config: Mapping[str, Any]) -> NDArray[np.float32]:
    """What the converter keeps of `llama3` rotary scaling: how much slower each frequency turns."""
    size, theta = config["head_dim"], config["rope_theta"]
    plain = frequencies(size, theta, None)
    return (plain / frequencies(size, theta, config["rope_scaling"])).astype(np.float32)


def _permuted(name: str, values: NDArray[np.float32], config: Mapping[str, Any]) -> NDArray[np.float32]:
    """The converter's own definition of the order of query and key rows."""
    heads = {"q_proj": "num_attention_heads", "k_proj": "num_key_value_heads"}.get(name.split(".")[-2])
    if heads is None:
        return values
    n = config[heads]
    return values.reshape(n, 2, len(values) // n // 2, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)


def _add_config(writer: GGUFWriter, config: Mapping[str, Any]) -> None:
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(config["head_dim"])
    writer.add_rope_freq_base(config["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    scaling = config.get("rope_scaling") or {}
    if scaling.get("rope_type") == "linear":
        writer.add_rope_scaling_type(RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(scaling["factor"])


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

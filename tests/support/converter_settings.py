"""What llama.cpp's converters make of a checkpoint's configuration: what all of them write, and each its own."""

from collections.abc import Mapping
from typing import Any, Final

from gguf import GGUFWriter, RopeScalingType

from tests.support.converters import PERMUTED, gguf_architecture


def add_config(writer: GGUFWriter, config: Mapping[str, Any]) -> None:
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
    if architecture in PERMUTED:
        size = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
        writer.add_rope_dimension_count(size)
        writer.add_vocab_size(config["vocab_size"])
    _OWN.get(config["model_type"], _nothing)(writer, config)


def _nothing(writer: GGUFWriter, config: Mapping[str, Any]) -> None:
    del writer, config


def _granite(writer: GGUFWriter, config: Mapping[str, Any]) -> None:
    writer.add_attention_scale(config["attention_multiplier"])
    writer.add_embedding_scale(config["embedding_multiplier"])
    writer.add_residual_scale(config["residual_multiplier"])
    writer.add_logit_scale(config["logits_scaling"])


def _granite_4(writer: GGUFWriter, config: Mapping[str, Any]) -> None:
    """The same for dense models, but that those have rotary positions."""
    _granite(writer, config)
    writer.add_expert_count(config["num_local_experts"])
    writer.add_expert_used_count(config["num_experts_per_tok"])
    writer.add_expert_shared_feed_forward_length(config["shared_intermediate_size"])
    _mamba(writer, config, config["mamba_expand"] * config["hidden_size"])
    _heads_by_layer(writer, config, "attention")
    hybrid = "mamba" in config["layer_types"]
    writer.add_rope_scaling_finetuned(not hybrid)
    if hybrid:
        override(writer, f"{writer.arch}.context_length", 1 << 20)


def _falcon_h1(writer: GGUFWriter, config: Mapping[str, Any]) -> None:
    size = config["hidden_size"] // config["num_attention_heads"]
    writer.add_key_length(size)
    writer.add_value_length(size)
    writer.add_vocab_size(config["vocab_size"])
    _mamba(writer, config, config["mamba_d_ssm"])


def _lfm2(writer: GGUFWriter, config: Mapping[str, Any]) -> None:
    width, step = 2 * config["intermediate_size"] // 3, config["block_multiple_of"]
    override(writer, f"{writer.arch}.feed_forward_length", -(-width // step) * step)
    _heads_by_layer(writer, config, "full_attention")
    writer.add_shortconv_l_cache(config["conv_L_cache"])


def _gemma3(writer: GGUFWriter, config: Mapping[str, Any]) -> None:
    writer.add_sliding_window(config["sliding_window"])
    writer.add_rope_freq_base_swa(config["rope_local_base_freq"])


def _stablelm(writer: GGUFWriter, config: Mapping[str, Any]) -> None:
    writer.add_parallel_residual(config["use_parallel_residual"])


_OWN: Final = {
    "falcon_h1": _falcon_h1,
    "gemma3_text": _gemma3,
    "granite": _granite,
    "granitemoehybrid": _granite_4,
    "lfm2": _lfm2,
    "stablelm": _stablelm,
}
"""What one family's converter adds (`set_gguf_parameters`), by `model_type`."""


def _heads_by_layer(writer: GGUFWriter, config: Mapping[str, Any], attends: str) -> None:
    heads = config["num_key_value_heads"]
    by_layer = [heads if kind == attends else 0 for kind in config["layer_types"]]
    override(writer, f"{writer.arch}.attention.head_count_kv", by_layer)


def _mamba(writer: GGUFWriter, config: Mapping[str, Any], inner: int) -> None:
    writer.add_ssm_conv_kernel(config["mamba_d_conv"])
    writer.add_ssm_state_size(config["mamba_d_state"])
    writer.add_ssm_group_count(config["mamba_n_groups"])
    writer.add_ssm_inner_size(inner)
    writer.add_ssm_time_step_rank(config["mamba_n_heads"])


def override(writer: GGUFWriter, key: str, value: Any) -> None:
    """Replace a key of the metadata; None removes it."""
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

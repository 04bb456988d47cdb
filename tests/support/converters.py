"""What llama.cpp's converters make of a checkpoint's tensors: their names, and each family's changes to them."""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import numpy as np
from gguf import (
    MODEL_ARCH_NAMES,
    TensorNameMap,
    get_tensor_name_map,
)
from numpy.typing import NDArray

from models.graph.rotary import frequencies

Array = NDArray[np.float32]
_ARCHITECTURES: Final = {
    "falcon_h1": "falcon-h1",
    "gemma3_text": "gemma3",
    "granitemoehybrid": "granitehybrid",
    "phi": "phi2",
}
"""GGUF's name of a `model_type` where it is another."""
PERMUTED: Final = frozenset({"llama", "granite", "granitehybrid", "smollm3"})
"""Architectures whose converter is a `LlamaModel`: it permutes the rows of queries and keys."""
_RENAMED: Final = {
    ".dt_bias": (".dt_proj.bias",),
    ".shared_mlp.input_linear.weight": (".mlp.gate_proj.weight", ".mlp.up_proj.weight"),
    ".shared_mlp.output_linear.weight": (".mlp.down_proj.weight",),
}
"""What a converter renames, or takes apart, before it looks a name up."""


def gguf_architecture(config: Mapping[str, Any]) -> str:
    """GGUF's name of the architecture."""
    own: str = config["model_type"]
    if own == "granitemoehybrid" and set(config["layer_types"]) == {"attention"}:
        return "granite"
    return _ARCHITECTURES.get(own, own)


def gguf_names(name: str, architecture: str = "llama") -> tuple[str, ...]:
    """Hugging Face's tensor name as GGUF has it, by the package's own table; several for one that is taken apart."""
    names = next(
        (
            tuple(name.removesuffix(ending) + new for new in renamed)
            for ending, renamed in _RENAMED.items()
            if name.endswith(ending)
        ),
        (name,),
    )
    found = tuple(_names(architecture).get_name(one, try_suffixes=(".weight", ".bias")) for one in names)
    assert all(found), name
    return tuple(one for one in found if one)


@cache
def _names(architecture: str) -> TensorNameMap:
    (kind,) = (kind for kind, name in MODEL_ARCH_NAMES.items() if name == architecture)
    return get_tensor_name_map(kind, 64)


def stays_float(name: str, values: Array) -> bool:
    """Whether a tensor, by GGUF's name, is float32 in every file (`ModelBase.prepare_tensors`)."""
    kernels = name.endswith(("ssm_conv1d.weight", "shortconv.conv.weight"))
    return values.ndim < 2 or kernels or name.endswith("_norm.weight") or not name.endswith(".weight")


def converted(name: str, values: Array, config: Mapping[str, Any]) -> dict[str, Array]:
    """What the architecture's own converter makes of a tensor (`modify_tensors`), by GGUF's names."""
    names = gguf_names(name, gguf_architecture(config))
    return dict(zip(names, np.split(_as_stored(name, values, config), len(names)), strict=True))


def multiplied(name: str, values: Array, config: Mapping[str, Any]) -> Array:
    """A tensor of Falcon-H1 times what its converter multiplies it by."""
    entering, (gate, leaving) = config["attention_in_multiplier"], config["mlp_multipliers"]
    factors = {
        "down_proj": leaving,
        "gate_proj": gate,
        "k_proj": config["key_multiplier"] * entering,
        "q_proj": entering,
        "v_proj": entering,
        "o_proj": config["attention_out_multiplier"],
        "out_proj": config["ssm_out_multiplier"],
        "in_proj": config["ssm_in_multiplier"],
        "lm_head": config["lm_head_multiplier"],
        "embed_tokens": config["embedding_multiplier"],
    }
    module = name.split(".")[-2]
    values = values * np.float32(factors.get(module, 1.0))
    if module == "in_proj":
        inner, shared = config["mamba_d_ssm"], config["mamba_n_groups"] * config["mamba_d_state"]
        each = np.repeat(config["ssm_multipliers"], [inner, inner, shared, shared, config["mamba_n_heads"]])
        values = values * each[:, None].astype(np.float32)
    return values


def _as_stored(name: str, values: Array, config: Mapping[str, Any]) -> Array:
    architecture = gguf_architecture(config)
    if architecture == "falcon-h1":
        values = multiplied(name, values, config)
    if architecture == "gemma3" and name.endswith("norm.weight"):
        return values + 1
    if "conv.conv" in name or ".mamba." in name:
        return _reshaped(name, values, config)
    heads = {"q_proj": "num_attention_heads", "k_proj": "num_key_value_heads"}.get(name.split(".")[-2])
    if heads is None or architecture not in PERMUTED:
        return values
    n = config[heads]
    return values.reshape(n, 2, len(values) // n // 2, *values.shape[1:]).swapaxes(1, 2).reshape(values.shape)


def _reshaped(name: str, values: Array, config: Mapping[str, Any]) -> Array:
    """Of short convolutions and Mamba-2 (`Mamba2Model`)."""
    match name.split(".")[-2:]:
        case [("conv" | "conv1d"), "weight"]:
            return values.squeeze(1)
        case [_, "A_log"]:
            return -np.exp(values)[:, None]
        case [_, "D"]:
            return values[:, None]
        case ["norm", "weight"]:
            return values.reshape(config["mamba_n_groups"], -1)
        case _:
            return values


def rope_divisors(config: Mapping[str, Any]) -> NDArray[np.float32]:
    """What the converter keeps of `llama3` rotary scaling: how much slower each frequency turns."""
    size, theta = config["head_dim"], config["rope_theta"]
    plain = frequencies(size, theta, None)
    return (plain / frequencies(size, theta, config["rope_scaling"])).astype(np.float32)

"""How GGUF names what Hugging Face names otherwise: one row an architecture. Data only; opens no file.

Sources: gguf-py's `constants.py` and `tensor_mapping.py` for the names, llama.cpp's `convert_hf_to_gguf.py`
for which rows are stored permuted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Naming:
    """One architecture's translation. `{}` stands for the layer's number."""

    model_type: str
    """Hugging Face's name of the architecture."""
    tensors: Mapping[str, str]
    """GGUF tensor name to Hugging Face's, for what every checkpoint has."""
    optional: Mapping[str, str]
    """The same for what a checkpoint may lack."""
    ignored: frozenset[str]
    """Tensors that carry nothing: what they hold follows from the configuration."""
    config: Mapping[str, str]
    """Key of `config.json` to GGUF metadata key, less the architecture's prefix."""
    constants: Mapping[str, object]
    """Keys of `config.json` that GGUF leaves to the architecture."""
    query_rows: frozenset[str] = frozenset()
    """Tensors whose rows are permuted, one group of rows a query head."""
    key_rows: frozenset[str] = frozenset()
    """The same, one group a key head."""


_DENSE_CONFIG: Final = {
    "hidden_size": "embedding_length",
    "num_hidden_layers": "block_count",
    "num_attention_heads": "attention.head_count",
    "intermediate_size": "feed_forward_length",
    "rms_norm_eps": "attention.layer_norm_rms_epsilon",
    "max_position_embeddings": "context_length",
}

_LLAMA: Final = Naming(
    model_type="llama",
    tensors={
        "token_embd.weight": "model.embed_tokens.weight",
        "output_norm.weight": "model.norm.weight",
        "blk.{}.attn_norm.weight": "model.layers.{}.input_layernorm.weight",
        "blk.{}.attn_q.weight": "model.layers.{}.self_attn.q_proj.weight",
        "blk.{}.attn_k.weight": "model.layers.{}.self_attn.k_proj.weight",
        "blk.{}.attn_v.weight": "model.layers.{}.self_attn.v_proj.weight",
        "blk.{}.attn_output.weight": "model.layers.{}.self_attn.o_proj.weight",
        "blk.{}.ffn_norm.weight": "model.layers.{}.post_attention_layernorm.weight",
        "blk.{}.ffn_gate.weight": "model.layers.{}.mlp.gate_proj.weight",
        "blk.{}.ffn_up.weight": "model.layers.{}.mlp.up_proj.weight",
        "blk.{}.ffn_down.weight": "model.layers.{}.mlp.down_proj.weight",
    },
    optional={
        "output.weight": "lm_head.weight",
        "blk.{}.attn_q.bias": "model.layers.{}.self_attn.q_proj.bias",
        "blk.{}.attn_k.bias": "model.layers.{}.self_attn.k_proj.bias",
        "blk.{}.attn_v.bias": "model.layers.{}.self_attn.v_proj.bias",
        "blk.{}.attn_output.bias": "model.layers.{}.self_attn.o_proj.bias",
        "blk.{}.ffn_gate.bias": "model.layers.{}.mlp.gate_proj.bias",
        "blk.{}.ffn_up.bias": "model.layers.{}.mlp.up_proj.bias",
        "blk.{}.ffn_down.bias": "model.layers.{}.mlp.down_proj.bias",
    },
    # rope_freqs goes into the configuration as rope_scaling.
    ignored=frozenset({"rope_freqs.weight", "blk.{}.attn_rot_embd.weight"}),
    config=_DENSE_CONFIG,
    constants={"hidden_act": "silu"},
    query_rows=frozenset({"blk.{}.attn_q.weight", "blk.{}.attn_q.bias"}),
    key_rows=frozenset({"blk.{}.attn_k.weight", "blk.{}.attn_k.bias"}),
)

NAMINGS: Final[Mapping[str, Naming]] = {"llama": _LLAMA}
"""By `general.architecture`."""

"""GGUF's `phi2`: converter `Phi2Model`, which also writes Phi-1.5; its rows are not permuted, everything has a bias."""

from typing import Final

from models.weights.naming import dense, settings
from models.weights.naming.row import Naming

NAMING: Final = Naming(
    model_type="phi",
    tensors={
        "token_embd.weight": "model.embed_tokens.weight",
        "output_norm.weight": "model.final_layernorm.weight",
        "output_norm.bias": "model.final_layernorm.bias",
        "output.weight": "lm_head.weight",
        "output.bias": "lm_head.bias",
        "blk.{}.attn_norm.weight": "model.layers.{}.input_layernorm.weight",
        "blk.{}.attn_norm.bias": "model.layers.{}.input_layernorm.bias",
        "blk.{}.attn_q.weight": "model.layers.{}.self_attn.q_proj.weight",
        "blk.{}.attn_k.weight": "model.layers.{}.self_attn.k_proj.weight",
        "blk.{}.attn_v.weight": "model.layers.{}.self_attn.v_proj.weight",
        **dense.QKV_BIAS,
        "blk.{}.attn_output.weight": "model.layers.{}.self_attn.dense.weight",
        "blk.{}.attn_output.bias": "model.layers.{}.self_attn.dense.bias",
        "blk.{}.ffn_up.weight": "model.layers.{}.mlp.fc1.weight",
        "blk.{}.ffn_up.bias": "model.layers.{}.mlp.fc1.bias",
        "blk.{}.ffn_down.weight": "model.layers.{}.mlp.fc2.weight",
        "blk.{}.ffn_down.bias": "model.layers.{}.mlp.fc2.bias",
    },
    optional={},
    config={**dense.PARTLY_ROTATED, "hidden_act": settings.constant("gelu_new")},
    built=dense.BUILT,
)

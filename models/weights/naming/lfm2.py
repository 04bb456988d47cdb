"""GGUF's `lfm2`: converter `LFM2Model`, which also writes LFM2.5. Rows are in their maker's order.

A layer that has no heads of keys and values is a convolution, whose kernels are stored without the axis of one.
"""

from typing import Final

from models.weights.naming import dense, restored, settings
from models.weights.naming.row import Facts, Naming

_KERNEL: Final = "blk.{}.shortconv.conv.weight"


def _layer_types(facts: Facts) -> list[str]:
    return ["full_attention" if attends else "conv" for attends in settings.attends(facts)]


_NOT_OF_LFM2: Final = ("num_key_value_heads", "rms_norm_eps", "attention_bias", "mlp_bias")

NAMING: Final = Naming(
    model_type="lfm2",
    tensors={
        "token_embd.weight": "model.embed_tokens.weight",
        "token_embd_norm.weight": "model.embedding_norm.weight",
        "blk.{}.attn_norm.weight": "model.layers.{}.operator_norm.weight",
        "blk.{}.ffn_norm.weight": "model.layers.{}.ffn_norm.weight",
        "blk.{}.ffn_gate.weight": "model.layers.{}.feed_forward.w1.weight",
        "blk.{}.ffn_up.weight": "model.layers.{}.feed_forward.w3.weight",
        "blk.{}.ffn_down.weight": "model.layers.{}.feed_forward.w2.weight",
    },
    optional={
        **dense.HEAD,
        "blk.{}.attn_q.weight": "model.layers.{}.self_attn.q_proj.weight",
        "blk.{}.attn_k.weight": "model.layers.{}.self_attn.k_proj.weight",
        "blk.{}.attn_v.weight": "model.layers.{}.self_attn.v_proj.weight",
        "blk.{}.attn_output.weight": "model.layers.{}.self_attn.out_proj.weight",
        "blk.{}.attn_q_norm.weight": "model.layers.{}.self_attn.q_layernorm.weight",
        "blk.{}.attn_k_norm.weight": "model.layers.{}.self_attn.k_layernorm.weight",
        "blk.{}.shortconv.in_proj.weight": "model.layers.{}.conv.in_proj.weight",
        _KERNEL: "model.layers.{}.conv.conv.weight",
        "blk.{}.shortconv.out_proj.weight": "model.layers.{}.conv.out_proj.weight",
    },
    config={
        **{key: setting for key, setting in dense.CONFIG.items() if key not in _NOT_OF_LFM2},
        "num_key_value_heads": settings.some_kv_heads,
        "norm_eps": dense.CONFIG["rms_norm_eps"],
        "layer_types": _layer_types,
        "conv_L_cache": settings.integer("shortconv.l_cache"),
        "conv_bias": settings.constant(value=False),
        # The width that the file says is the adjusted one.
        "block_auto_adjust_ff_dim": settings.constant(value=False),
    },
    built=dense.BUILT,
    restored={_KERNEL: restored.KERNELS},
)

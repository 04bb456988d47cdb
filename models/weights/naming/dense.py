"""What the rows of dense decoders share. Data only."""

from typing import Final

from models.weights.naming import settings

EMBEDDING: Final = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
}
HEAD: Final = {"output.weight": "lm_head.weight"}
ATTENTION: Final = {
    "blk.{}.attn_q.weight": "model.layers.{}.self_attn.q_proj.weight",
    "blk.{}.attn_k.weight": "model.layers.{}.self_attn.k_proj.weight",
    "blk.{}.attn_v.weight": "model.layers.{}.self_attn.v_proj.weight",
    "blk.{}.attn_output.weight": "model.layers.{}.self_attn.o_proj.weight",
}
QKV_BIAS: Final = {
    "blk.{}.attn_q.bias": "model.layers.{}.self_attn.q_proj.bias",
    "blk.{}.attn_k.bias": "model.layers.{}.self_attn.k_proj.bias",
    "blk.{}.attn_v.bias": "model.layers.{}.self_attn.v_proj.bias",
}
OUTPUT_BIAS: Final = {"blk.{}.attn_output.bias": "model.layers.{}.self_attn.o_proj.bias"}
QK_NORM: Final = {
    "blk.{}.attn_q_norm.weight": "model.layers.{}.self_attn.q_norm.weight",
    "blk.{}.attn_k_norm.weight": "model.layers.{}.self_attn.k_norm.weight",
}
MLP: Final = {
    "blk.{}.ffn_gate.weight": "model.layers.{}.mlp.gate_proj.weight",
    "blk.{}.ffn_up.weight": "model.layers.{}.mlp.up_proj.weight",
    "blk.{}.ffn_down.weight": "model.layers.{}.mlp.down_proj.weight",
}
MLP_BIAS: Final = {
    "blk.{}.ffn_gate.bias": "model.layers.{}.mlp.gate_proj.bias",
    "blk.{}.ffn_up.bias": "model.layers.{}.mlp.up_proj.bias",
    "blk.{}.ffn_down.bias": "model.layers.{}.mlp.down_proj.bias",
}
PRE_NORMS: Final = {
    "blk.{}.attn_norm.weight": "model.layers.{}.input_layernorm.weight",
    "blk.{}.ffn_norm.weight": "model.layers.{}.post_attention_layernorm.weight",
}
PRE_NORM_BIASES: Final = {
    "blk.{}.attn_norm.bias": "model.layers.{}.input_layernorm.bias",
    "blk.{}.ffn_norm.bias": "model.layers.{}.post_attention_layernorm.bias",
}
POST_NORMS: Final = {
    "blk.{}.post_attention_norm.weight": "model.layers.{}.post_attention_layernorm.weight",
    "blk.{}.post_ffw_norm.weight": "model.layers.{}.post_feedforward_layernorm.weight",
}

PERMUTED_QUERIES: Final = frozenset({"blk.{}.attn_q.weight", "blk.{}.attn_q.bias"})
"""Where the converter is a `LlamaModel` with `undo_permute`: rotary turns neighbours there, halves here."""
PERMUTED_KEYS: Final = frozenset({"blk.{}.attn_k.weight", "blk.{}.attn_k.bias"})
ROPE_FREQS: Final = frozenset({"rope_freqs.weight", "blk.{}.attn_rot_embd.weight"})
"""What the first holds goes into the configuration as `rope_scaling`; the second follows from it."""

CONFIG: Final = {
    "hidden_size": settings.integer("embedding_length"),
    "num_hidden_layers": settings.integer("block_count"),
    "num_attention_heads": settings.integer("attention.head_count"),
    "num_key_value_heads": settings.kv_heads,
    "head_dim": settings.head_dim,
    "intermediate_size": settings.integer("feed_forward_length"),
    "rms_norm_eps": settings.number("attention.layer_norm_rms_epsilon"),
    "max_position_embeddings": settings.integer("context_length"),
    "rope_theta": settings.rope_theta,
    "rope_scaling": settings.rope_scaling,
    "vocab_size": settings.vocabulary,
    "tie_word_embeddings": settings.tied,
    "attention_bias": settings.has("model.layers.0.self_attn.o_proj.bias"),
    "mlp_bias": settings.has("model.layers.0.mlp.down_proj.bias"),
}
PARTLY_ROTATED: Final = {
    **{key: setting for key, setting in CONFIG.items() if key != "rms_norm_eps"},
    "layer_norm_eps": settings.number("attention.layer_norm_epsilon"),
    "head_dim": settings.head_size,
    "partial_rotary_factor": settings.partial_rotary_factor,
}
"""Of decoders whose norms have a mean and whose heads are rotated in part."""

BUILT: Final[dict[str, tuple[object, ...]]] = {
    "attention.causal": (True,),
    "attention.clamp_kqv": (0.0,),
    "attention.sliding_window": (0,),
    "attn_logit_softcapping": (0.0,),
    "final_logit_softcapping": (0.0,),
    "expert_count": (0,),
    "pooling_type": (0,),
}
"""Features that some decoder has under one of these keys and that are not built, with the value that means none."""

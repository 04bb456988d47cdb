"""GGUF's `granitehybrid`: converter `GraniteHybridModel`, of models with Mamba-2 in at least one layer.

A layer that has no heads of keys and values is Mamba-2. Gate and up, one matrix at their maker's, are two here.
"""

from typing import Final

from models.weights.naming import dense, granite, mamba, settings
from models.weights.naming.row import Facts, Naming

_INNER: Final = "ssm.inner_size"


def _layer_types(facts: Facts) -> list[str]:
    return ["attention" if attends else "mamba" for attends in settings.attends(facts)]


def _position_embedding_type(facts: Facts) -> str:
    """llama.cpp's switch: positions are rotary unless the file says they were not "finetuned"."""
    return "nope" if facts.metadata.value("rope.scaling.finetuned") is False else "rope"


def _mamba_expand(facts: Facts) -> int:
    metadata = facts.metadata
    inner = metadata.integer(_INNER)
    times, rest = divmod(inner, metadata.integer("embedding_length"))
    if rest:
        raise metadata.bad(_INNER, inner)
    return times


NAMING: Final = Naming(
    model_type="granitemoehybrid",
    tensors={
        **dense.EMBEDDING,
        **dense.PRE_NORMS,
        "blk.{}.ffn_gate.weight": "model.layers.{}.shared_mlp.input_linear.weight",
        "blk.{}.ffn_up.weight": "model.layers.{}.shared_mlp.input_linear.weight",
        "blk.{}.ffn_down.weight": "model.layers.{}.shared_mlp.output_linear.weight",
    },
    optional={
        **dense.HEAD,
        **dense.ATTENTION,
        **dense.QKV_BIAS,
        **dense.OUTPUT_BIAS,
        **mamba.TENSORS,
        **mamba.OPTIONAL,
    },
    ignored=dense.ROPE_FREQS,
    config={
        **{key: setting for key, setting in dense.CONFIG.items() if key != "mlp_bias"},
        **granite.MULTIPLIERS,
        **mamba.CONFIG,
        "logits_scaling": settings.number("logit_scale", 1.0),
        "hidden_act": settings.constant("silu"),
        "num_key_value_heads": settings.some_kv_heads,
        "layer_types": _layer_types,
        "intermediate_size": granite.width,
        "shared_intermediate_size": granite.width,
        "num_local_experts": settings.constant(0),
        "position_embedding_type": _position_embedding_type,
        "mamba_expand": _mamba_expand,
        "attention_bias": settings.has_any(".self_attn.o_proj.bias"),
    },
    built=dense.BUILT,
    query_rows=dense.PERMUTED_QUERIES,
    key_rows=dense.PERMUTED_KEYS,
    restored=mamba.RESTORED,
)

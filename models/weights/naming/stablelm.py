"""GGUF's `stablelm`: converter `StableLMModel`. Rows are in their maker's order; norms have biases."""

from typing import Final

from models.weights.naming import dense, settings
from models.weights.naming.row import Naming

NAMING: Final = Naming(
    model_type="stablelm",
    tensors={
        **dense.EMBEDDING,
        "output_norm.bias": "model.norm.bias",
        **dense.PRE_NORMS,
        **dense.PRE_NORM_BIASES,
        **dense.ATTENTION,
        **dense.MLP,
    },
    optional={**dense.HEAD, **dense.QKV_BIAS},
    config={
        **dense.PARTLY_ROTATED,
        "hidden_act": settings.constant("silu"),
        "use_qkv_bias": settings.has("model.layers.0.self_attn.q_proj.bias"),
    },
    built={**dense.BUILT, "use_parallel_residual": (False,)},
)

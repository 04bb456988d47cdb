"""GGUF's `qwen2`: converter `Qwen2Model`. Rows are in their maker's order; q, k and v always have biases."""

from typing import Final

from models.weights.naming import dense, settings
from models.weights.naming.row import Naming

NAMING: Final = Naming(
    model_type="qwen2",
    tensors={**dense.EMBEDDING, **dense.PRE_NORMS, **dense.ATTENTION, **dense.QKV_BIAS, **dense.MLP},
    optional=dense.HEAD,
    ignored=dense.ROPE_FREQS,
    config={**dense.CONFIG, "hidden_act": settings.constant("silu")},
    built=dense.BUILT,
)

"""GGUF's `qwen3`: converter `Qwen3Model`. Rows are in their maker's order; heads have a size of their own."""

from typing import Final

from models.weights.naming import dense, settings
from models.weights.naming.row import Naming

NAMING: Final = Naming(
    model_type="qwen3",
    tensors={**dense.EMBEDDING, **dense.PRE_NORMS, **dense.ATTENTION, **dense.QK_NORM, **dense.MLP},
    optional={**dense.HEAD, **dense.QKV_BIAS, **dense.OUTPUT_BIAS},
    ignored=dense.ROPE_FREQS,
    config={**dense.CONFIG, "hidden_act": settings.constant("silu")},
    built=dense.BUILT,
)

"""GGUF's `smollm3`: converter `SmolLM3Model`, a `LlamaModel`.

Nothing in the file says which layers go without rotary positions: llama.cpp takes every fourth, as SmolLM3 does.
"""

from typing import Final

from models.weights.naming import dense, settings
from models.weights.naming.row import Naming

NAMING: Final = Naming(
    model_type="smollm3",
    tensors={**dense.EMBEDDING, **dense.PRE_NORMS, **dense.ATTENTION, **dense.MLP},
    optional={**dense.HEAD, **dense.QKV_BIAS, **dense.OUTPUT_BIAS, **dense.MLP_BIAS},
    ignored=dense.ROPE_FREQS,
    config={
        **dense.CONFIG,
        "hidden_act": settings.constant("silu"),
        "no_rope_layer_interval": settings.constant(4),
    },
    built=dense.BUILT,
    query_rows=dense.PERMUTED_QUERIES,
    key_rows=dense.PERMUTED_KEYS,
)

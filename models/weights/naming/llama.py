"""GGUF's `llama`: converter `LlamaModel`, which also writes SmolLM2, TinyLlama and Falcon3."""

from typing import Final

from models.weights.naming import dense, settings
from models.weights.naming.row import Naming

NAMING: Final = Naming(
    model_type="llama",
    tensors={**dense.EMBEDDING, **dense.PRE_NORMS, **dense.ATTENTION, **dense.MLP},
    optional={**dense.HEAD, **dense.QKV_BIAS, **dense.OUTPUT_BIAS, **dense.MLP_BIAS},
    ignored=dense.ROPE_FREQS,
    config={**dense.CONFIG, "hidden_act": settings.constant("silu")},
    built=dense.BUILT,
    query_rows=dense.PERMUTED_QUERIES,
    key_rows=dense.PERMUTED_KEYS,
)

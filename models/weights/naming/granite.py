"""GGUF's `granite`: converter `GraniteModel`, a `LlamaModel`; the four multipliers have names of their own there."""

from typing import Final

from models.weights.naming import dense, settings
from models.weights.naming.row import Facts, Naming


def _attention_multiplier(facts: Facts) -> float:
    return facts.metadata.number("attention.scale", settings.head_dim(facts) ** -0.5)


NAMING: Final = Naming(
    model_type="granite",
    tensors={**dense.EMBEDDING, **dense.PRE_NORMS, **dense.ATTENTION, **dense.MLP},
    optional={**dense.HEAD, **dense.QKV_BIAS, **dense.OUTPUT_BIAS, **dense.MLP_BIAS},
    ignored=dense.ROPE_FREQS,
    config={
        **dense.CONFIG,
        "hidden_act": settings.constant("silu"),
        "attention_multiplier": _attention_multiplier,
        "embedding_multiplier": settings.number("embedding_scale", 1.0),
        "residual_multiplier": settings.number("residual_scale", 1.0),
        "logits_scaling": settings.number("logit_scale"),
    },
    # Without rotary positions the converter writes that they were not "finetuned".
    built={**dense.BUILT, "rope.scaling.finetuned": (True,)},
    query_rows=dense.PERMUTED_QUERIES,
    key_rows=dense.PERMUTED_KEYS,
)

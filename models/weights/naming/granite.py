"""GGUF's `granite`: converter `GraniteModel`, a `LlamaModel`; the four multipliers have names of their own there.

Granite 4.0, where dense, comes as this too: its converter (`GraniteHybridModel`) takes gate and up apart.
"""

from typing import Final

from models.weights.naming import dense, settings
from models.weights.naming.row import Facts, Naming


def _attention_multiplier(facts: Facts) -> float:
    return facts.metadata.number("attention.scale", settings.head_dim(facts) ** -0.5)


def width(facts: Facts) -> int:
    """Of the feed-forward. Granite 4.0 shares it with experts, of which there are none: a key of its own counts."""
    shared = "expert_shared_feed_forward_length"
    return facts.metadata.integer(shared if facts.metadata.value(shared) else "feed_forward_length")


MULTIPLIERS: Final = {
    "attention_multiplier": _attention_multiplier,
    "embedding_multiplier": settings.number("embedding_scale", 1.0),
    "residual_multiplier": settings.number("residual_scale", 1.0),
    "logits_scaling": settings.number("logit_scale"),
}

NAMING: Final = Naming(
    model_type="granite",
    tensors={**dense.EMBEDDING, **dense.PRE_NORMS, **dense.ATTENTION, **dense.MLP},
    optional={**dense.HEAD, **dense.QKV_BIAS, **dense.OUTPUT_BIAS, **dense.MLP_BIAS},
    ignored=dense.ROPE_FREQS,
    config={
        **dense.CONFIG,
        "hidden_act": settings.constant("silu"),
        **MULTIPLIERS,
        "intermediate_size": width,
    },
    # Without rotary positions the converter writes that they were not "finetuned".
    built={**dense.BUILT, "rope.scaling.finetuned": (True,)},
    query_rows=dense.PERMUTED_QUERIES,
    key_rows=dense.PERMUTED_KEYS,
)

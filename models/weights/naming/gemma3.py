"""GGUF's `gemma3`: converter `Gemma3Model`, text only.

The file leaves to the architecture what follows from a model's size (llama.cpp's `src/models/gemma3.cpp`): the scale
of queries, that every sixth layer sees everything, and the rotary base of the others.
"""

from typing import Any, Final

from models.weights.naming import dense, settings
from models.weights.naming.row import Array, Facts, Naming, Restored

_LAYERS_OF_27B: Final = 62
"""The one size whose queries are scaled by the width of the model over its heads."""
_EVERY_SIXTH: Final = 6
_ROPE_LOCAL: Final = 10000.0

_NORMS: Final = {
    "blk.{}.attn_norm.weight": "model.layers.{}.input_layernorm.weight",
    "blk.{}.ffn_norm.weight": "model.layers.{}.pre_feedforward_layernorm.weight",
    **dense.POST_NORMS,
    **dense.QK_NORM,
}


def _less_one(weight: Array) -> Array:
    """The converter adds the 1 that Gemma's norms add to their weights."""
    return weight - 1


def _query_pre_attn_scalar(facts: Facts) -> float:
    metadata = facts.metadata
    if metadata.integer("block_count") == _LAYERS_OF_27B:
        return metadata.integer("embedding_length") // metadata.integer("attention.head_count")
    return settings.head_dim(facts)


def _layer_types(facts: Facts) -> list[str]:
    """A layer's kind; the pattern is a period, or a list that says of each layer whether it sees a window only."""
    metadata = facts.metadata
    layers = metadata.integer("block_count")
    pattern: Any = metadata.value("attention.sliding_window_pattern")
    if not metadata.value("attention.sliding_window"):
        local = [False] * layers
    elif isinstance(pattern, list):
        if len(pattern) != layers:
            raise metadata.bad("attention.sliding_window_pattern", pattern)
        local = [bool(item) for item in pattern]
    else:
        period = metadata.integer("attention.sliding_window_pattern", _EVERY_SIXTH)
        local = [(layer + 1) % period != 0 for layer in range(layers)]
    return ["sliding_attention" if item else "full_attention" for item in local]


def _sliding_window(facts: Facts) -> int:
    window = "attention.sliding_window"
    return facts.metadata.integer(window if facts.metadata.value(window) else "context_length")


NAMING: Final = Naming(
    model_type="gemma3_text",
    tensors={**dense.EMBEDDING, **_NORMS, **dense.ATTENTION, **dense.MLP},
    optional=dense.HEAD,
    config={
        **dense.CONFIG,
        "hidden_activation": settings.constant("gelu_pytorch_tanh"),
        "query_pre_attn_scalar": _query_pre_attn_scalar,
        "layer_types": _layer_types,
        "sliding_window": _sliding_window,
        "rope_local_base_freq": settings.number("rope.freq_base_swa", _ROPE_LOCAL),
    },
    built={key: values for key, values in dense.BUILT.items() if key != "attention.sliding_window"},
    restored={name: Restored(_less_one) for name in (*_NORMS, "output_norm.weight")},
)

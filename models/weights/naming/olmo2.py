"""GGUF's `olmo2`: converter `Olmo2Model`, which also writes OLMo 3, whose sliding window is not built."""

from typing import Final

from models.weights.naming import dense, settings
from models.weights.naming.row import Naming

NAMING: Final = Naming(
    model_type="olmo2",
    tensors={**dense.EMBEDDING, **dense.ATTENTION, **dense.QK_NORM, **dense.MLP, **dense.POST_NORMS},
    optional=dense.HEAD,
    config={**dense.CONFIG, "hidden_act": settings.constant("silu")},
    built=dense.BUILT,
)

"""GGUF's `falcon-h1`: converter `FalconH1Model`. Rows are in their maker's order.

It folds every multiplier into the weights, so the configuration has none; but where the head is the embedding it has no
head to fold the head's into, and the file doesn't say what it was.
"""

from typing import Final

from models.errors import ArchitectureError
from models.weights.naming import dense, mamba, settings
from models.weights.naming.row import Facts, Naming


def _tied(facts: Facts) -> bool:
    if settings.tied(facts):
        raise ArchitectureError(
            f"{facts.metadata.file} has no tensor 'output.weight': a Falcon-H1 whose head is its embedding loses the "
            "head's multiplier in GGUF; use its safetensors"
        )
    return False


_NOT_OF_FALCON: Final = ("attention_bias", "mlp_bias")

NAMING: Final = Naming(
    model_type="falcon_h1",
    tensors={
        "token_embd.weight": "model.embed_tokens.weight",
        "output_norm.weight": "model.final_layernorm.weight",
        "blk.{}.attn_norm.weight": "model.layers.{}.input_layernorm.weight",
        "blk.{}.ffn_norm": "model.layers.{}.pre_ff_layernorm.weight",
        **dense.ATTENTION,
        **mamba.TENSORS,
        "blk.{}.ffn_gate.weight": "model.layers.{}.feed_forward.gate_proj.weight",
        "blk.{}.ffn_up.weight": "model.layers.{}.feed_forward.up_proj.weight",
        "blk.{}.ffn_down.weight": "model.layers.{}.feed_forward.down_proj.weight",
    },
    optional={**dense.HEAD, **mamba.OPTIONAL},
    ignored=dense.ROPE_FREQS,
    config={
        **{key: setting for key, setting in dense.CONFIG.items() if key not in _NOT_OF_FALCON},
        **mamba.CONFIG,
        "hidden_act": settings.constant("silu"),
        "tie_word_embeddings": _tied,
        "mamba_d_ssm": settings.integer("ssm.inner_size"),
        "mamba_rms_norm": settings.has_any(".mamba.norm.weight"),
        "mamba_norm_before_gate": settings.constant(
            value=False
        ),  # nothing says so; llama.cpp norms behind it
    },
    built=dense.BUILT,
    restored=mamba.RESTORED,
)

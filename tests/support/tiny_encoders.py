"""Tiny random encoders in Hugging Face's layout, and what the reference implementation makes of a text.

Needs torch and transformers (extra `export`), which are imported by whoever calls.
"""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

SPECIALS: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
WORDS: Final = ("the", "lamp", "light", "heating", "kitchen", "garden", "turn", "off", "on", "is", "weather")
LABELS: Final = ("command", "question", "neither")
POSITIONS: Final = 64
TEXTS: Final = (
    "Turn off the light",
    "Is the lamp in the kitchen on?",
    "weather",
    "The heating in the garden room is off, and so is the lamp. " * 2,
)


def tokenizer() -> Tokenizer:
    """Words and letters of plain English; any ASCII text can be written."""
    pieces = [*SPECIALS, *WORDS, *LETTERS, *(f"##{letter}" for letter in LETTERS), *".,!?'"]
    places = {piece: place for place, piece in enumerate(pieces)}
    built = Tokenizer(models.WordPiece(places, unk_token=SPECIALS[1]))
    built.normalizer = normalizers.BertNormalizer()
    built.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    built.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    built.decoder = decoders.WordPiece()
    built.add_special_tokens(list(SPECIALS))
    built.enable_truncation(8)  # as published tokenizers have it: whoever reads one must not heed it
    return built


def changes(kind: str, layers: int) -> dict[str, Any]:
    """What makes a configuration of this `model_type` small."""
    small: dict[str, Any] = {
        "vocab_size": tokenizer().get_vocab_size(),
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "max_position_embeddings": POSITIONS,
        "pad_token_id": 0,
        "initializer_range": 0.2,
    }
    match kind:
        case "distilbert":
            renamed = {"dim": 64, "hidden_dim": 128, "n_layers": layers, "n_heads": 4}
            kept = ("vocab_size", "max_position_embeddings", "pad_token_id", "initializer_range")
            return renamed | {key: small[key] for key in kept}
        case "albert" | "electra":
            return small | {"embedding_size": 32}
        case "modernbert":
            # Windows shorter than the texts, in every second layer.
            special = {"cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3}
            return small | special | {"local_attention": 8, "global_attn_every_n_layers": 2}
        case _:
            return small


def make(kind: str, into: Path, *, task: str, pooling: str = "mean", layers: int = 2) -> Any:
    """Write a checkpoint of this `model_type`, for embed or classify, into `into`; return the torch model."""
    import torch  # noqa: PLC0415  only the extra has it
    from transformers import (  # noqa: PLC0415  as above
        AutoConfig,
        AutoModel,
        AutoModelForSequenceClassification,
    )

    torch.manual_seed(7)
    named = {"id2label": dict(enumerate(LABELS)), "label2id": {label: i for i, label in enumerate(LABELS)}}
    config = AutoConfig.for_model(kind, **changes(kind, layers), **(named if task == "classify" else {}))
    build = AutoModel if task == "embed" else AutoModelForSequenceClassification
    model = build.from_config(config, attn_implementation="eager").eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1 and "norm" in name.lower():
                parameter.add_(0.1 * torch.randn_like(parameter))
    model.bfloat16().save_pretrained(into, safe_serialization=True)
    model.float()
    tokenizer().save(str(into / "tokenizer.json"))
    if task == "embed":
        say_how_to_pool(into, pooling)
    return model


def say_how_to_pool(directory: Path, pooling: str) -> None:
    """The files of Sentence Transformers."""
    modules = ("Transformer", "Pooling", "Normalize")
    listed = [{"type": f"sentence_transformers.models.{module}"} for module in modules]
    (directory / "modules.json").write_text(json.dumps(listed), encoding="utf-8")
    key = {
        "mean": "pooling_mode_mean_tokens",
        "cls": "pooling_mode_cls_token",
        "max": "pooling_mode_max_tokens",
    }
    said = {"word_embedding_dimension": 64, **dict.fromkeys(key.values(), False), key[pooling]: True}
    (directory / "1_Pooling").mkdir(exist_ok=True)
    (directory / "1_Pooling" / "config.json").write_text(json.dumps(said), encoding="utf-8")


def reference(model: Any, text: str, *, task: str, pooling: str = "mean") -> NDArray[np.float32]:
    """What the bundle should answer: a vector of length 1, or the labels' probabilities."""
    import torch  # noqa: PLC0415  only the extra has it

    whole = tokenizer()
    whole.no_truncation()
    ids = torch.tensor([whole.encode(text).ids])
    with torch.no_grad():
        out = model(input_ids=ids, attention_mask=torch.ones_like(ids))
    if task == "classify":
        scores: NDArray[np.float32] = out.logits[0].softmax(-1).numpy()
        return scores
    tokens = out.last_hidden_state[0]
    vector = tokens.mean(0) if pooling == "mean" else tokens[0]
    unit: NDArray[np.float32] = (vector / vector.norm()).numpy()
    return unit

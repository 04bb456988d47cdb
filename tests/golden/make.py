"""Make the tiny random checkpoints and their reference logits, with the reference implementation.

Needs torch and transformers, which this project does not depend on: see README.md beside this file. The tests
only read what it wrote. Each checkpoint is in Hugging Face's layout, so what opens real models opens these.
"""

import argparse
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    FalconH1ForCausalLM,
    Gemma3ForCausalLM,
    GenerationConfig,
    GraniteForCausalLM,
    GraniteMoeHybridForCausalLM,
    Lfm2ForCausalLM,
    LlamaForCausalLM,
    Olmo2ForCausalLM,
    PhiForCausalLM,
    PreTrainedModel,
    Qwen2ForCausalLM,
    Qwen3ForCausalLM,
    SmolLM3ForCausalLM,
    StableLmForCausalLM,
)

PROMPT_TOKENS: Final = 24
STEPS: Final = 10
KEPT: Final = 12
INSTEAD_TOKENS: Final = 8
VOCABULARY: Final = 288
"""256 bytes, three special tokens and the merges that are left: any text can be written, any UTF-8 split."""
SPECIALS: Final = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")

CORPUS: Final = (
    "The lamp in the hall is on. The lamp in the kitchen is off.",
    "Turn the heating down in the evening and up in the morning.",
    "There is a fire in the hearth and a kettle on the hob.",
    "The rain in the night filled the barrel in the garden.",
)
PROMPT: Final = "<|im_start|>user\nIs the lamp in the hall on at 21:45?<|im_end|>\n<|im_start|>assistant\n"
INSTEAD: Final = "a kettle in the garden"
"""What follows the first `KEPT` tokens of the prompt when they are restored, in place of the rest."""

TEMPLATE: Final = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@dataclass(frozen=True)
class Variant:
    """One checkpoint: what it changes of the common configuration, and how it is stored."""

    seed: int
    changes: dict[str, Any]
    dtype: torch.dtype = field(default=torch.bfloat16)
    model: type[PreTrainedModel] = LlamaForCausalLM
    norm: float = 1.0
    """Around which norm weights lie; less where the architecture adds 1 itself."""
    cached: bool = True
    """Steps go through the reference's cache; else each is computed over all tokens before it, which is the same."""
    stored: Callable[[Path], None] = field(default=lambda _: None)
    """What is done to the folder of a model that transformers knows under another layout."""


COMMON: Final[dict[str, Any]] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 64,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "tie_word_embeddings": True,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 2,
}

LLAMA3_ROPE: Final = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    # So short that within the tested positions some frequencies are kept, some blended and some divided.
    "original_max_position_embeddings": 64,
}

# Of the kind that Granite 3 has; so chosen that all four can be seen in the logits of so small a model.
GRANITE: Final = {
    "embedding_multiplier": 2.0,
    "residual_multiplier": 0.8,
    "attention_multiplier": 0.2,
    "logits_scaling": 2.0,
}

# A window shorter than the prompt, local layers around a global one, and heads of a size of their own.
GEMMA3: Final = {
    "num_hidden_layers": 3,
    "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
    "sliding_window": 8,
    "head_dim": 32,
    "query_pre_attn_scalar": 24,
    "rope_theta": 1_000_000.0,
    "rope_local_base_freq": 10_000.0,
}

# A layer of each kind twice, and a feed-forward whose width is rounded up.
LFM2: Final = {
    "num_hidden_layers": 4,
    "layer_types": ["conv", "full_attention", "conv", "full_attention"],
    "intermediate_size": 60,
    "block_multiple_of": 32,
    "norm_eps": 1e-5,
}
MAMBA: Final = {
    "mamba_n_heads": 8,
    "mamba_d_head": 16,
    "mamba_d_state": 16,
    "mamba_expand": 2,
    "mamba_chunk_size": 8,
}
GRANITE_4: Final = GRANITE | {
    "num_local_experts": 0,
    "num_experts_per_tok": 0,
    "shared_intermediate_size": 96,
}
GRANITE_HYBRID: Final = (
    GRANITE_4
    | MAMBA
    | {
        "num_hidden_layers": 3,
        "layer_types": ["mamba", "attention", "mamba"],
        "position_embedding_type": None,
    }
)
GRANITE_DENSE: Final = GRANITE_4 | {"layer_types": ["attention"] * 2, "position_embedding_type": "rope"}
FALCON_H1: Final = MAMBA | {
    "mamba_d_ssm": 128,
    "mamba_n_groups": 2,
    "embedding_multiplier": 3.0,
    "lm_head_multiplier": 0.5,
    "key_multiplier": 0.6,
    "attention_in_multiplier": 1.3,
    "attention_out_multiplier": 0.7,
    "ssm_in_multiplier": 1.25,
    "ssm_out_multiplier": 0.8,
    "ssm_multipliers": [0.9, 1.2, 0.7, 1.4, 0.5],
    "mlp_multipliers": [0.8, 1.5],
}

# One head of 64, of which a quarter is rotated: a kernel rotates no less than 16 numbers.
STABLELM: Final = {
    "num_attention_heads": 1,
    "num_key_value_heads": 1,
    "partial_rotary_factor": 0.25,
    "use_qkv_bias": True,
    "layer_norm_eps": 1e-5,
}

PHI: Final = {
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "hidden_act": "gelu_new",
    "layer_norm_eps": 1e-5,
    "tie_word_embeddings": False,
}

# Dynamic scaling stretches nothing as far as the model was trained, and so nothing here.
INTERNLM2: Final = {
    "attention_bias": True,
    "tie_word_embeddings": False,
    "rope_scaling": {"rope_type": "dynamic", "factor": 2.0},
}
INTERNLM2_NAMES: Final = {
    "embed_tokens": "tok_embeddings",
    "lm_head": "output",
    "self_attn.q_proj": "attention.wq",
    "self_attn.k_proj": "attention.wk",
    "self_attn.v_proj": "attention.wv",
    "self_attn.o_proj": "attention.wo",
    "mlp.gate_proj": "feed_forward.w1",
    "mlp.up_proj": "feed_forward.w3",
    "mlp.down_proj": "feed_forward.w2",
    "input_layernorm": "attention_norm",
    "post_attention_layernorm": "ffn_norm",
}


def store_internlm2(folder: Path) -> None:
    """Rewrite a llama as InternLM2 has it, whose reference code is not part of transformers.

    After `modeling_internlm2.py` of internlm/internlm2-1_8b: the rows of `wqkv` are, for each kv head, those of its
    queries, of the key and of the value.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    llama = load_file(folder / "model.safetensors")
    tensors = {}
    for name, tensor in llama.items():
        tensors[re.sub("|".join(INTERNLM2_NAMES), lambda match: INTERNLM2_NAMES[match[0]], name)] = tensor
    kv, size = config["num_key_value_heads"], config.pop("head_dim")
    for name in sorted(name for name in tensors if ".wq." in name):
        parts = [tensors.pop(name.replace(".wq.", f".{part}.")) for part in ("wq", "wk", "wv")]
        groups = [part.reshape(kv, -1, size, *part.shape[1:]) for part in parts]
        tensors[name.replace(".wq.", ".wqkv.")] = torch.cat(groups, 1).flatten(0, 2)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    config |= {"model_type": "internlm2", "architectures": ["InternLM2ForCausalLM"]}
    config["bias"] = config.pop("attention_bias")
    _write_json(folder / "config.json", config)


# Seeds with which the ten greedy tokens are at least eight different ones and no choice is near a tie.
VARIANTS: Final = {
    "llama-tied": Variant(13, {"num_hidden_layers": 3}),
    "llama-untied": Variant(2, {"tie_word_embeddings": False}),
    "llama-rope-llama3": Variant(8, {"rope_scaling": LLAMA3_ROPE}),
    "llama-rope-linear": Variant(16, {"rope_scaling": {"rope_type": "linear", "factor": 4.0}}, torch.float16),
    "llama-head-dim": Variant(3, {"num_attention_heads": 6, "head_dim": 16}),
    "llama-bias": Variant(7, {"intermediate_size": 64, "attention_bias": True, "mlp_bias": True}),
    "falcon-h1": Variant(2, FALCON_H1, model=FalconH1ForCausalLM, cached=False),
    "falcon-h1-norm": Variant(
        1, FALCON_H1 | {"mamba_rms_norm": True}, model=FalconH1ForCausalLM, cached=False
    ),
    "gemma3": Variant(34, GEMMA3, model=Gemma3ForCausalLM, norm=0.7),
    "granite": Variant(19, GRANITE, model=GraniteForCausalLM),
    "granite-4-dense": Variant(6, GRANITE_DENSE, model=GraniteMoeHybridForCausalLM, cached=False),
    "granite-4-hybrid": Variant(4, GRANITE_HYBRID, model=GraniteMoeHybridForCausalLM, cached=False),
    "lfm2": Variant(1, LFM2, model=Lfm2ForCausalLM, cached=False),
    "internlm2": Variant(1, INTERNLM2, stored=store_internlm2),
    "olmo2": Variant(1, {}, model=Olmo2ForCausalLM),
    "phi": Variant(9, PHI, model=PhiForCausalLM),
    "qwen2": Variant(2, {}, model=Qwen2ForCausalLM),
    "qwen3": Variant(39, {"head_dim": 32}, model=Qwen3ForCausalLM),
    "smollm3": Variant(3, {"num_hidden_layers": 3, "no_rope_layers": [1, 0, 1]}, model=SmolLM3ForCausalLM),
    "stablelm": Variant(4, STABLELM, model=StableLmForCausalLM),
}


def make_tokenizer() -> Tokenizer:
    """Train a byte-level BPE that splits as SmolLM2's does: digits one by one, then GPT-2's pattern."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[AddedToken(text, special=True, normalized=False) for text in SPECIALS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    return tokenizer


def make_model(variant: Variant) -> PreTrainedModel:
    """Random weights, large enough that attention is far from uniform and logits far from equal.

    They are rounded to the stored type first, so that the reference sees exactly what the file holds.
    """
    model = variant.model(variant.model.config_class(**COMMON | variant.changes)).eval()
    random = torch.Generator().manual_seed(variant.seed)
    for name, parameter in sorted(model.named_parameters()):
        centre, spread = _scatter(name, variant)
        noise = torch.randn(parameter.shape, generator=random) * spread + centre
        parameter.data = noise.to(variant.dtype).float()
    return model


def _scatter(name: str, variant: Variant) -> tuple[float, float]:
    """Mean and standard deviation of one parameter."""
    if name.endswith("norm.weight"):
        return variant.norm, 0.2
    if name.endswith(("A_log", "dt_bias", ".D", "conv.weight", "conv1d.weight")):
        return 0.0, 0.6  # so that what is remembered can be seen in the logits
    return 0.0, 0.15


def reference(
    model: PreTrainedModel, prompt: list[int], instead: list[int], *, cached: bool
) -> dict[str, Any]:
    """Logits of the prompt at once, of `STEPS` greedy tokens fed one by one, of another turn."""
    greedy: list[int] = []
    feed, cache, logits = prompt, None, []
    with torch.inference_mode():
        for _ in range(1 + STEPS):
            if cached:
                out = model(input_ids=torch.tensor([feed]), past_key_values=cache, use_cache=True)
                cache = out.past_key_values
                logits.append(out.logits[0].numpy())
            else:
                out = model(input_ids=torch.tensor([prompt + greedy]), use_cache=False)
                logits.append(out.logits[0, -len(feed) :].numpy())
            best, second = out.logits[0, -1].topk(2).values.tolist()
            if best - second < 1e-2:  # a hundred times the tests' tolerance: no rounding turns the choice
                raise SystemExit("two tokens are nearly tied; choose another seed")
            feed = [int(out.logits[0, -1].argmax())]
            greedy.append(feed[0])
        other = model(input_ids=torch.tensor([prompt[:KEPT] + instead])).logits[0, KEPT:].numpy()
    prefill, *steps = logits
    return {
        "prompt": np.array(prompt, np.int64),
        "prefill": prefill,
        "greedy": np.array(greedy[:STEPS], np.int64),
        "steps": np.concatenate(steps),
        "kept": np.array(KEPT, np.int64),
        "instead": np.array(instead, np.int64),
        "restored": other,
    }


def make(name: str, variant: Variant, into: Path) -> None:
    """Write one variant's folder."""
    into.mkdir(parents=True, exist_ok=True)
    tokenizer = make_tokenizer()
    tokenizer.save(str(into / "tokenizer.json"), pretty=False)
    _write_json(
        into / "tokenizer_config.json",
        {
            "bos_token": SPECIALS[1],
            "eos_token": SPECIALS[2],
            "pad_token": SPECIALS[2],
            "unk_token": SPECIALS[0],
            "add_prefix_space": False,
            "clean_up_tokenization_spaces": False,
            "model_max_length": COMMON["max_position_embeddings"],
            "tokenizer_class": "GPT2Tokenizer",
            "chat_template": TEMPLATE,
        },
    )
    model = make_model(variant)
    prompt, instead = (
        tokenizer.encode(PROMPT).ids[:PROMPT_TOKENS],
        tokenizer.encode(INSTEAD).ids[:INSTEAD_TOKENS],
    )
    logits = reference(model, prompt, instead, cached=variant.cached)
    np.savez_compressed(into / "logits.npz", **logits)
    model.generation_config = GenerationConfig(
        bos_token_id=1, eos_token_id=2, pad_token_id=2, do_sample=True, temperature=0.2, top_p=0.9
    )
    model.to(variant.dtype).save_pretrained(into)
    variant.stored(into)
    versions = {"transformers": transformers.__version__, "torch": torch.__version__}
    _write_json(
        into / "meta.json", {"variant": name, "seed": variant.seed, "reference_dtype": "float32"} | versions
    )


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    """Make every variant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=Path(__file__).parent, help="default: beside this file")
    parser.add_argument("variants", nargs="*", help="default: all")
    asked = parser.parse_args()
    into = asked.into
    torch.use_deterministic_algorithms(mode=True)
    torch.set_num_threads(1)
    for name, variant in VARIANTS.items():
        if asked.variants and name not in asked.variants:
            continue
        make(name, variant, into / name)


if __name__ == "__main__":
    main()

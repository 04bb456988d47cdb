"""Byte-level BPE (`tokenizer.ggml.model = gpt2`): bytes spelled as letters, text split by a named rule.

The rules are data: what llama.cpp (`src/llama-vocab.cpp`) calls `tokenizer.ggml.pre`, written as the model's
own `tokenizer.json` has it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from models.weights.gguf_vocabulary import Vocabulary

_CONTRACTIONS: Final = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_REST: Final = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


@dataclass(frozen=True, slots=True)
class Split:
    """How text is cut into words before merging."""

    pattern: str | None
    """Of a word; None for GPT-2's own, which the `tokenizers` package has built in."""
    single_digits: bool = False
    """Every digit is a word."""
    compose: bool = False
    """Unicode is brought into its composed form (NFC) first."""
    whole_words: bool = False
    """A word that is a token needs no merges."""
    adds_bos: bool = False
    """When the file does not say."""


_THREE_DIGITS: Final = rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}{{1,3}}|{_REST}"
_ONE_DIGIT: Final = rf"{_CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|\p{{N}}|{_REST}"
_GPT2: Final = Split(None)
_GPT2_DIGITS: Final = Split(None, single_digits=True)
_LLAMA3: Final = Split(_THREE_DIGITS, whole_words=True, adds_bos=True)
SPLITS: Final[Mapping[str, Split]] = {
    **dict.fromkeys(("gpt-2", "phi-2", "olmo"), _GPT2),
    **dict.fromkeys(("smollm", "refact"), _GPT2_DIGITS),  # refact: Granite 3
    **dict.fromkeys(("llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "lfm2"), _LLAMA3),
    **dict.fromkeys(("dbrx", "smaug-bpe"), Split(_THREE_DIGITS)),  # dbrx: OLMo 2
    "qwen2": Split(_ONE_DIGIT, compose=True),
    "stablelm2": Split(_ONE_DIGIT),
}
"""By `tokenizer.ggml.pre`."""


def byte_level(vocabulary: Vocabulary, split: Split, *, prefix: bool) -> Tokenizer:
    """The tokenizer without its special tokens. `prefix` puts a space before the text."""
    tokenizer = Tokenizer(
        models.BPE(
            vocab=dict(vocabulary.ids), merges=list(vocabulary.merges), ignore_merges=split.whole_words
        )
    )
    steps: list[pre_tokenizers.PreTokenizer] = []
    if split.single_digits:
        steps.append(pre_tokenizers.Digits(individual_digits=True))
    if split.pattern is not None:
        steps.append(pre_tokenizers.Split(Regex(split.pattern), behavior="isolated"))
    steps.append(pre_tokenizers.ByteLevel(add_prefix_space=prefix, use_regex=split.pattern is None))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
    tokenizer.decoder = decoders.ByteLevel()
    if split.compose:
        tokenizer.normalizer = normalizers.NFC()
    return tokenizer

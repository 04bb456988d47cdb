"""Filling in the middle: the prompt that asks a model of code for what stands between two texts.

A model can whose vocabulary has the three tokens for it, in one of the ways that families write them; the prefix comes
first, then the suffix (M. Bavarian et al., arXiv 2207.14255). Knows tokens; does not know whether a model was trained
with them, or what the texts are.
"""

from dataclasses import dataclass
from typing import Final, Self

from runtime.text.tokenizer import Tokenizer

_FAMILIES: Final = (
    ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),  # Qwen2.5, Granite, CodeGemma
    ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),  # StarCoder, Granite Code
    ("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),  # SantaCoder
    ("<|fim_pre|>", "<|fim_suf|>", "<|fim_mid|>"),  # LFM2
    tuple(f"<\uff5cfim\u2581{name}\uff5c>" for name in ("begin", "hole", "end")),  # DeepSeek
)
_ENDS: Final = (
    *("<|endoftext|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>", "<|file_separator|>"),
    *("<fim_pad>", "<fim-pad>", "<repo_name>", "<reponame>", "<file_sep>", "<filename>"),
)
"""What models of code write when the middle is over: another file would begin."""


@dataclass(frozen=True, slots=True)
class Infill:
    """How one vocabulary asks for a middle."""

    prefix: int
    suffix: int
    middle: int
    ends: frozenset[int]
    """Tokens that end a middle, beside those that end any answer."""

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> Self | None:
        """What a tokenizer has; None when it lacks the tokens."""
        for names in _FAMILIES:
            found = [tokenizer.added(name) for name in names]
            prefix, suffix, middle = found
            if prefix is not None and suffix is not None and middle is not None:
                ends = {token for name in _ENDS if (token := tokenizer.added(name)) is not None}
                return cls(prefix, suffix, middle, frozenset({prefix, suffix, middle, *ends}))
        return None

    def ids(self, tokenizer: Tokenizer, before: str, after: str) -> tuple[int, ...]:
        """The prompt. Letters of control tokens in the texts are letters: a file may have any."""
        begin = tokenizer.encode("", special=True, begin=True)
        texts = [
            tokenizer.encode_midway(text) or tokenizer.encode(text, special=False) for text in (before, after)
        ]
        return (*begin, self.prefix, *texts[0], self.suffix, *texts[1], self.middle)

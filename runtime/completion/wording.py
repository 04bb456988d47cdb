"""What the ids of one model mean: its tokenizer, its chat template, and the forms that its answers can be held to.

Knows the files of a bundle that say so. Does not know the engine.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from models.manifest import TEMPLATE_NAME, TOKENIZER_NAME, Manifest
from runtime.completion.prompting import reserved
from runtime.errors import BundleError
from runtime.limits import Limits
from runtime.text.chat import ChatTemplate
from runtime.text.grammar import Compiler
from runtime.text.tokenizer import Tokenizer
from runtime.text.tools import dialect


@dataclass(frozen=True, slots=True)
class Wording:
    """Of one model."""

    tokenizer: Tokenizer
    template: ChatTemplate
    grammars: Compiler

    @classmethod
    def of(cls, tokenizer: Tokenizer, template: ChatTemplate, manifest: Manifest, limits: Limits) -> Self:
        """Put them together."""
        grammars = Compiler(tokenizer, manifest.vocabulary_size, manifest.eos_ids, limits)
        return cls(tokenizer, template, grammars)

    @classmethod
    def load(cls, bundle: Path, manifest: Manifest, limits: Limits) -> Self:
        """Read a bundle's.

        Raises:
            BundleError: a file is missing, unsound, or not this model's.
        """
        path = bundle / TEMPLATE_NAME
        try:
            source = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise BundleError(f"{path} cannot be read ({exc}); pull the model again") from exc
        own = reserved(dialect(manifest.tool_dialect), source)
        tokenizer = Tokenizer.load(bundle / TOKENIZER_NAME, own)
        if tokenizer.vocabulary_size > manifest.vocabulary_size:
            raise BundleError(
                f"the tokenizer has {tokenizer.vocabulary_size} tokens, the model {manifest.vocabulary_size}; "
                "pull the model again"
            )
        bos, eos = (
            "" if token is None else tokenizer.piece(token) or ""
            for token in (manifest.bos_id, next(iter(manifest.eos_ids), None))
        )
        return cls.of(tokenizer, ChatTemplate(source, bos_token=bos, eos_token=eos), manifest, limits)

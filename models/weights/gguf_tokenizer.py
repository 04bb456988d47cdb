"""`tokenizer.ggml.*` metadata as `tokenizer.json`, chat template and the ids that begin and end a text.

Knows what both kinds of vocabulary share: special tokens, the leading bos, the stops. Knows no weights.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tokenizers import AddedToken, Tokenizer
from tokenizers.processors import TemplateProcessing

from models.errors import WeightsError
from models.weights.gguf_bytelevel import SPLITS, byte_level
from models.weights.gguf_sentencepiece import sentence_pieces
from models.weights.gguf_vocabulary import CONTROL, UNKNOWN, USER_DEFINED, TokenizerMetadata, Vocabulary
from models.weights.stops import stop_ids


@dataclass(frozen=True, slots=True)
class GgufTokenizer:
    """What a bundle needs to speak text."""

    json: bytes
    """`tokenizer.json`; equal metadata gives equal bytes."""
    chat_template: str
    bos_id: int | None
    eos_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Defaults:
    """What a file of one family leaves unsaid, as llama.cpp fills it in."""

    adds_bos: bool
    bos_id: int | None
    eos_id: int | None
    normalizes_first: bool = False
    """User-defined tokens are looked for behind the normaliser, not in the text as it came."""


def read_tokenizer(raw: Mapping[str, Any], rows: int, file: str) -> GgufTokenizer:
    """Translate the tokenizer of `file`, whose embedding has `rows` rows.

    `add_eos_token` is not followed: a prompt that ends in eos leaves a decoder nothing to continue.

    Raises:
        WeightsError: no tokenizer, a kind or splitting rule we do not know, or contradictory tables.
    """
    metadata = TokenizerMetadata(raw, file)
    kind = metadata.text("model")
    vocabulary = metadata.vocabulary(rows)
    if kind == "gpt2":
        tokenizer, defaults = _byte_level(metadata, vocabulary)
    elif kind == "llama":
        tokenizer, defaults = _sentence_pieces(metadata, vocabulary)
    else:
        raise WeightsError(
            f"{file} has a tokenizer of kind {kind[:40]!r}, not gpt2 or llama; "
            "convert from the model's own directory"
        )
    bos = metadata.token_id("bos_token_id", vocabulary, defaults.bos_id)
    eos = metadata.token_id("eos_token_id", vocabulary, defaults.eos_id)
    turn_end = metadata.token_id("eot_token_id", vocabulary)
    special = _mark_special(tokenizer, vocabulary, normalized=defaults.normalizes_first)
    if bos is not None and metadata.flag("add_bos_token", default=defaults.adds_bos):
        _begin_with(tokenizer, bos, vocabulary, metadata)
    template = raw.get("tokenizer.chat_template")
    return GgufTokenizer(
        json=tokenizer.to_str().encode(),
        chat_template=template if isinstance(template, str) else "",
        bos_id=bos,
        eos_ids=stop_ids([token for token in (eos, turn_end) if token is not None], special),
    )


def _byte_level(metadata: TokenizerMetadata, vocabulary: Vocabulary) -> tuple[Tokenizer, _Defaults]:
    rule = metadata.text("pre")
    split = SPLITS.get(rule)
    if split is None:
        raise WeightsError(
            f"{metadata.file} splits text by the rule {rule[:40]!r}, which is not one of "
            f"{', '.join(sorted(SPLITS))}; convert from the model's own directory"
        )
    prefix = metadata.flag("add_space_prefix", default=False)
    return byte_level(vocabulary, split, prefix=prefix), _Defaults(split.adds_bos, None, None)


def _sentence_pieces(metadata: TokenizerMetadata, vocabulary: Vocabulary) -> tuple[Tokenizer, _Defaults]:
    unknown = metadata.token_id("unknown_token_id", vocabulary, 0) or 0
    prefix = metadata.flag("add_space_prefix", default=True)
    tokenizer = sentence_pieces(vocabulary, unknown, prefix=prefix, file=metadata.file)
    # SentencePiece looks for them where spaces are ▁ already, so that a ▁ in the text is one more; but a prefix would
    # be put before the tokens themselves.
    return tokenizer, _Defaults(adds_bos=True, bos_id=1, eos_id=2, normalizes_first=not prefix)


def _mark_special(tokenizer: Tokenizer, vocabulary: Vocabulary, *, normalized: bool) -> dict[str, int]:
    """Tell the tokenizer which tokens are found whole in a text; the control tokens among them, by text."""
    special: dict[str, int] = {}
    added: list[AddedToken] = []
    for index, (text, kind) in enumerate(zip(vocabulary.texts, vocabulary.kinds, strict=True)):
        if kind in {CONTROL, UNKNOWN}:
            special[text] = index
        if kind in {CONTROL, UNKNOWN, USER_DEFINED}:
            added.append(
                AddedToken(text, special=kind != USER_DEFINED, normalized=normalized and kind == USER_DEFINED)
            )
    tokenizer.add_tokens(added)
    return special


def _begin_with(tokenizer: Tokenizer, bos: int, vocabulary: Vocabulary, metadata: TokenizerMetadata) -> None:
    text = vocabulary.texts[bos]
    if not text or text.startswith("$") or ":" in text:  # would be read as part of the template's own syntax
        raise metadata.corrupt(f"bos token {text[:40]!r} cannot begin a text")
    tokenizer.post_processor = TemplateProcessing(
        single=[text, "$A"], pair=[text, "$A", f"{text}:1", "$B:1"], special_tokens=[(text, bos)]
    )

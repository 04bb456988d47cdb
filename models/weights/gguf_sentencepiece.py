"""SentencePiece BPE (`tokenizer.ggml.model = llama`): pieces with scores, `▁` for a space, bytes as fallback.

SentencePiece joins whichever neighbours make the best-scored piece; listing each way to make a piece, best
piece first, gives a BPE of the `tokenizers` package that joins the same ones.
"""

from collections.abc import Iterator
from typing import Final

from tokenizers import Tokenizer, decoders, models, normalizers

from models.errors import WeightsError
from models.weights.gguf_vocabulary import NORMAL, USER_DEFINED, Vocabulary

_SPACE: Final = "▁"
_LONGEST_PIECE: Final = 256
"""Characters; SentencePiece trains with 16 by default, and splitting one costs the square of its length."""


def sentence_pieces(vocabulary: Vocabulary, unknown: int, *, prefix: bool, file: str) -> Tokenizer:
    """The tokenizer without its special tokens. `prefix` puts a space before the text, off again in decoding.

    Raises:
        WeightsError: neither merges nor scores say in which order pieces are joined.
    """
    merges = list(vocabulary.merges) or _merges(vocabulary, file)
    tokenizer = Tokenizer(
        models.BPE(
            vocab=dict(vocabulary.ids),
            merges=merges,
            unk_token=vocabulary.texts[unknown],
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    spaces = normalizers.Replace(" ", _SPACE)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(_SPACE), spaces]) if prefix else spaces
    steps: list[decoders.Decoder] = [decoders.Replace(_SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    if prefix:
        steps.append(decoders.Strip(" ", 1, 0))
    tokenizer.decoder = decoders.Sequence(steps)
    return tokenizer


def _merges(vocabulary: Vocabulary, file: str) -> list[tuple[str, str]]:
    """Every way to make a piece of two others: best piece first, then by the ids of the two."""
    pieces = [index for index, kind in enumerate(vocabulary.kinds) if kind in {NORMAL, USER_DEFINED}]
    if not vocabulary.scores or len({vocabulary.scores[index] for index in pieces}) == 1 < len(pieces):
        raise WeightsError(
            f"{file} has a tokenizer with neither merges nor scores to order them; "
            "convert from the model's own directory"
        )
    pieces.sort(key=lambda index: -vocabulary.scores[index])
    return [pair for index in pieces for pair in _halves(vocabulary, vocabulary.texts[index])]


def _halves(vocabulary: Vocabulary, piece: str) -> Iterator[tuple[str, str]]:
    if len(piece) > _LONGEST_PIECE:
        return
    ids = vocabulary.ids
    pairs = ((piece[:cut], piece[cut:]) for cut in range(1, len(piece)))
    whole = [pair for pair in pairs if pair[0] in ids and pair[1] in ids]
    yield from sorted(whole, key=lambda pair: (ids[pair[0]], ids[pair[1]]))

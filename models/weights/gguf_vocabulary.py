"""The token tables in GGUF metadata (`tokenizer.ggml.*`), checked before use. Opens no file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from models.errors import WeightsError

NORMAL: Final = 1
UNKNOWN: Final = 2
CONTROL: Final = 3
USER_DEFINED: Final = 4
_PREFIX: Final = "tokenizer.ggml."


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Token tables of equal length, every text once."""

    texts: Sequence[str]
    kinds: Sequence[int]
    """`NORMAL`, `UNKNOWN`, `CONTROL`, `USER_DEFINED`; 5 is unused, 6 a byte."""
    scores: Sequence[float]
    """SentencePiece's order of merging, highest first; empty when the file has none."""
    merges: Sequence[tuple[str, str]]
    """First merge first; both sides and their union are tokens. Empty when the file has none."""
    ids: Mapping[str, int]


class TokenizerMetadata:
    """Typed access to `tokenizer.ggml.*`; every getter raises `WeightsError` on a value of the wrong kind."""

    def __init__(self, raw: Mapping[str, Any], file: str) -> None:
        self._raw, self.file = raw, file

    def text(self, key: str) -> str:
        """A string that must be there."""
        value = self._raw.get(_PREFIX + key)
        if not isinstance(value, str):
            raise WeightsError(f"{self.file} lacks the metadata '{_PREFIX}{key}'; use a complete GGUF file")
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """A boolean that may be missing."""
        value = self._raw.get(_PREFIX + key, default)
        if not isinstance(value, bool):
            raise self.corrupt(f"'{_PREFIX}{key}' is {str(value)[:40]!r}, not true or false")
        return value

    def token_id(self, key: str, vocabulary: Vocabulary, default: int | None = None) -> int | None:
        """A token's id, within the vocabulary."""
        value = self._raw.get(_PREFIX + key, default)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < len(vocabulary.texts):
            raise self.corrupt(f"'{_PREFIX}{key}' is {str(value)[:40]!r}, which is no token's id")
        return value

    def vocabulary(self, rows: int) -> Vocabulary:
        """The tables, one token for each of an embedding's `rows`."""
        texts = self._list("tokens", str)
        if not texts:
            raise WeightsError(f"{self.file} has no tokenizer; use a complete GGUF file")
        if len(texts) != rows:
            raise self.corrupt(f"its tokenizer has {len(texts)} tokens, its embedding {rows} rows")
        ids = {text: index for index, text in enumerate(texts)}
        if len(ids) != len(texts):
            twice = next(text for index, text in enumerate(texts) if ids[text] != index)
            raise self.corrupt(f"token {twice[:40]!r} appears twice")
        kinds = self._list("token_type", int) or [NORMAL] * len(texts)
        scores = self._list("scores", float)
        if len(kinds) != len(texts) or (scores and len(scores) != len(texts)):
            raise self.corrupt("its token tables are of different lengths")
        return Vocabulary(
            texts, kinds, scores, [self._merge(merge, ids) for merge in self._list("merges", str)], ids
        )

    def corrupt(self, what: str) -> WeightsError:
        """The error for a table that contradicts itself."""
        return WeightsError(f"{self.file} is corrupt: {what}; fetch it again")

    def _merge(self, merge: str, ids: Mapping[str, int]) -> tuple[str, str]:
        left, _, right = merge.partition(" ")
        if left not in ids or right not in ids or left + right not in ids:
            raise self.corrupt(f"merge {merge[:40]!r} joins what are no tokens")
        return left, right

    def _list(self, key: str, kind: type) -> list[Any]:
        values = self._raw.get(_PREFIX + key, [])
        if not isinstance(values, list) or not all(type(value) is kind for value in values):
            raise self.corrupt(f"'{_PREFIX}{key}' is of the wrong type")
        return values

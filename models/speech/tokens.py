"""Which tokens of Whisper mean something: its tokenizer in, ids out.

By name, so that the ids of every size, with one language or a hundred, are what its own tokenizer says.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import tokenizers

from models.errors import WeightsError
from models.manifest import SpokenLanguage

_LANGUAGE: Final = re.compile(r"<\|([a-z]{2,3})\|>")
_ENGLISH_ALONE: Final = 51864
"""Rows of the table of a model that hears English alone, at most: one more is another language's."""
_SECONDS: Final = 30
_TIMES_A_SECOND: Final = 50


@dataclass(frozen=True, slots=True)
class Tokens:
    """Ids."""

    start: int
    end: int
    languages: tuple[SpokenLanguage, ...]
    transcribe: int | None
    translate: int | None
    previous: int
    no_speech: int
    no_timestamps: int
    suppressed: tuple[int, ...]
    suppressed_first: tuple[int, ...]

    @classmethod
    def read(cls, tokenizer: bytes, config: Mapping[str, Any], rows: int) -> Self:
        """Find them in `tokenizer.json`; those never to be written are in `config`. The table has so many `rows`.

        Raises:
            WeightsError: one is missing, or beyond the table.
        """
        try:
            library = tokenizers.Tokenizer.from_buffer(tokenizer)
        except Exception as exc:  # the library raises Exception itself
            raise WeightsError(f"tokenizer.json cannot be read ({str(exc)[:120]}); fetch it again") from exc
        named = _Named(library, rows)
        many = (
            rows > _ENGLISH_ALONE
            if config.get("is_multilingual") is None
            else bool(config["is_multilingual"])
        )
        return cls(
            start=named("<|startoftranscript|>"),
            end=named("<|endoftext|>"),
            languages=named.languages() if many else (),
            transcribe=named("<|transcribe|>") if many else None,
            translate=named("<|translate|>") if many else None,
            previous=named("<|startofprev|>"),
            no_speech=named("<|nospeech|>", "<|nocaptions|>"),
            no_timestamps=named("<|notimestamps|>"),
            suppressed=_listed(config, "suppress_tokens", rows),
            suppressed_first=_listed(config, "begin_suppress_tokens", rows),
        )

    @property
    def first_timestamp(self) -> int:
        """The one of 0.00 s."""
        return self.no_timestamps + 1

    def times_within(self, rows: int) -> bool:
        """Whether the table has a row for each time up to 30 s."""
        return self.first_timestamp + _SECONDS * _TIMES_A_SECOND < rows


class _Named:
    def __init__(self, library: tokenizers.Tokenizer, rows: int) -> None:
        self._library, self._rows = library, rows

    def __call__(self, *names: str) -> int:
        for name in names:
            index = self._library.token_to_id(name)
            if index is not None and index < self._rows:
                return int(index)
        raise WeightsError(f"tokenizer.json has no token {names[0]}; fetch the one of this model")

    def languages(self) -> tuple[SpokenLanguage, ...]:
        found = {
            match[1]: index
            for index, token in self._library.get_added_tokens_decoder().items()
            if (match := _LANGUAGE.fullmatch(token.content)) and index < self._rows
        }
        if not found:
            raise WeightsError("tokenizer.json names no language; fetch the one of this model")
        return tuple(SpokenLanguage(code, found[code]) for code in sorted(found, key=found.__getitem__))


def _listed(config: Mapping[str, Any], key: str, rows: int) -> tuple[int, ...]:
    """Ids, sorted; none where nothing is said."""
    value = config.get(key) or []
    if not isinstance(value, list) or not all(type(index) is int and 0 <= index < rows for index in value):
        raise WeightsError(
            f"{key} is {json.dumps(value)[:60]}, which is no list of tokens; fetch the model again"
        )
    return tuple(sorted(set(value)))

"""Control tokens are the template's to write. Finds out which of them somebody else wrote.

A chat template puts what people say between tokens like `<|im_end|>`; whoever could say such a token could speak as
somebody else. So where a message holds the letters of a control token, or could hold a part of them, a mark (a
character found nowhere in the conversation) goes in front before the template is rendered, and comes out after. What
remains is the text as if there had been no marks, and the places that no control token may cover. The template may
trim, split, join and repeat messages as it likes: the mark stays with its letters.

Knows strings. Does not know templates, or how a tokenizer finds its tokens.
"""

import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from typing import Final, Self

from runtime.errors import CallerError

_MARKS: Final = tuple(map(range, (0xE000, 0xF0000, 0x100000), (0xF900, 0xFFFFE, 0x10FFFE)))
"""The private use areas of Unicode."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A prompt as a template wrote it."""

    text: str
    foreign: tuple[int, ...] = ()
    """Ascending places in the text: a control token over one of them was written by a person, so it is none."""

    @classmethod
    def without(cls, mark: str, text: str) -> Self:
        """Take every mark out, and remember where it was."""
        parts = text.split(mark)
        return cls("".join(parts), tuple(accumulate(map(len, parts[:-1]))))

    def is_foreign(self, start: int, end: int) -> bool:
        """Whether somebody else than the template wrote some of text[start:end]."""
        place = bisect_left(self.foreign, start)
        return place < len(self.foreign) and self.foreign[place] < end


class Marker:
    """Puts marks into messages. Made once for a tokenizer."""

    def __init__(self, control_tokens: Collection[str]) -> None:
        tokens = sorted(filter(None, control_tokens))
        self._anywhere = re.compile(f"(?={'|'.join(map(re.escape, tokens))})") if tokens else None
        self._beginnings = {token[:size] for token in tokens for size in range(1, len(token))}
        self._endings = {token[size:] for token in tokens for size in range(1, len(token))}
        self._longest = max(map(len, tokens), default=0)

    def mark(self, texts: Sequence[str], avoid: str = "") -> tuple[str, list[str]]:
        """The mark ("" when none is needed), and the texts with it.

        Raises:
            CallerError: the texts use all of Unicode's private characters.
        """
        places = [self._places(text) for text in texts]
        if not any(places):
            return "", list(texts)
        used = set(avoid).union(*texts)
        mark = next((c for c in map(chr, chain.from_iterable(_MARKS)) if c not in used), None)
        if mark is None:
            raise CallerError("the messages use every private character of Unicode", param="messages")
        return mark, [_insert(mark, text, sorted(found)) for text, found in zip(texts, places, strict=True)]

    def _places(self, text: str) -> set[int]:
        """Where a control token begins, or might begin or end when joined to other text."""
        if self._anywhere is None:
            return set()
        found = {match.start() for match in self._anywhere.finditer(text)}
        sizes = range(1, min(self._longest, len(text) + 1))
        found.update(len(text) - size for size in sizes if text[-size:] in self._beginnings)
        found.update(0 for size in sizes if text[:size] in self._endings)
        return found


def _insert(mark: str, text: str, places: Iterable[int]) -> str:
    edges = [0, *places, len(text)]
    return mark.join(text[start:end] for start, end in pairwise(edges))

"""What came next when the same tokens stood before: guesses from the prompt, the answer, and earlier answers.

Knows tokens and where they repeat. Does not know what a guess is worth (`runtime.engine.speculate`), and nothing of
clocks: the same tokens give the same guess. Prompt lookup is Saxena's (github.com/apoorvumang/prompt-lookup-decoding);
chains of equal pairs are how LZ77 compressors look for what repeats (RFC 1951, 4).
"""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

_LONGEST: Final = 32
"""Tokens behind which it makes no difference how much longer two stretches are the same."""
_TRIED: Final = 16
"""Places looked at for one guess, the latest first: what bounds the time a token takes."""
_END: Final = -1
"""Stands behind every answer of a log, and is no token."""
_TAIL: Final = 32
"""Tokens of a prompt that are kept before its answer: what was asked, and the template's words behind it."""
_VOTES: Final = 8
"""Most that one answer counts, however often it was given: an old habit gives way."""


@dataclass(frozen=True, slots=True)
class Match:
    """A place where the last `length` tokens stood before; what stands there is the guess."""

    place: int
    length: int


class Trail:
    """Tokens in their order, and for each pair of neighbours the places behind which it stood."""

    def __init__(self, tokens: Sequence[int] = ()) -> None:
        self.tokens = array("i")
        self._latest: dict[int, int] = {}
        """Behind a pair, the last place."""
        self._before = array("i", [0])
        """For each place, the one before behind the same pair; 0 where there is none."""
        for token in tokens:
            self.append(token)

    def append(self, token: int) -> None:
        """Go on by a token."""
        tokens = self.tokens
        tokens.append(token)
        earlier = 0
        if len(tokens) > 1:
            pair = _pair(tokens)
            earlier = self._latest.get(pair, 0)
            self._latest[pair] = len(tokens)
        self._before.append(earlier)

    def weight(self, place: int) -> int:
        """How often what stands at a place was said."""
        del place
        return 1

    def find(self, context: Sequence[int]) -> Match | None:
        """Where the longest end of `context`, of two tokens at least, stood before something.

        Among equally long ones the token that came next most often is guessed, where it stood last.
        """
        if len(context) < 2:  # noqa: PLR2004  a pair
            return None
        tokens, longest = self.tokens, 0
        places: list[int] = []
        place = self._latest.get(_pair(context), 0)
        for _ in range(_TRIED):
            if not place:
                break
            if place < len(tokens) and tokens[place] != _END:
                length = self._common(context, place)
                if length > longest:
                    longest, places = length, []
                if length == longest:
                    places.append(place)
            place = self._before[place]
        if not places:
            return None
        votes: dict[int, int] = {}
        for place in places:
            votes[tokens[place]] = votes.get(tokens[place], 0) + self.weight(place)
        liked = max(votes, key=votes.__getitem__)  # the first of equals, which is the latest
        return Match(next(place for place in places if tokens[place] == liked), longest)

    def _common(self, context: Sequence[int], place: int) -> int:
        """How many tokens before the place are the context's last; a pair was found to be."""
        tokens, most, length = self.tokens, min(_LONGEST, len(context), place), 2
        while length < most and tokens[place - 1 - length] == context[-1 - length]:
            length += 1
        return length


def _pair(tokens: Sequence[int]) -> int:
    """The last two as one number, which takes less room than a tuple."""
    return tokens[-2] << 32 | tokens[-1]


class Lookup:
    """Guesses what comes next in a text from a trail: the text's own, or a log of others."""

    def __init__(self, context: Trail, trail: Trail | None = None) -> None:
        """`context` is the text, which someone else takes on; without another trail it is looked up in itself."""
        self._context = context
        self._trail = context if trail is None else trail
        self._match = self._trail.find(context.tokens)

    @property
    def length(self) -> int:
        """How many of the last tokens are the same where the guess comes from; 0 without a guess."""
        return self._match.length if self._match else 0

    @property
    def guess(self) -> int | None:
        """The next token."""
        return self._trail.tokens[self._match.place] if self._match else None

    def propose(self, most: int) -> tuple[int, ...]:
        """The next tokens, `most` at most. Where they run into the text's end they go round: a loop goes on."""
        if self._match is None:
            return ()
        tokens, start = self._trail.tokens, self._match.place
        drafted = list[int]()
        for place in range(start, start + most):
            token = tokens[place] if place < len(tokens) else drafted[place - len(tokens)]
            if token == _END:
                break
            drafted.append(token)
        return tuple(drafted)

    def accept(self, token: int) -> None:
        """Go on behind a token of the text, which has been appended to it."""
        match = self._match
        if match is not None and self._trail.tokens[match.place] == token:
            place = match.place + 1
            if place < len(self._trail.tokens) and self._trail.tokens[place] != _END:
                self._match = Match(place, min(match.length + 1, _LONGEST))
                return
        self._match = self._trail.find(self._context.tokens)


class _Answers(Trail):
    """Answers behind each other, each of them behind the end of its prompt."""

    def __init__(self) -> None:
        super().__init__()
        self._starts: list[int] = []
        self._given: list[int] = []
        """How often each was."""

    def add(self, said: Sequence[int], given: int) -> int:
        """Add one; return its number."""
        self._starts.append(len(self.tokens))
        self._given.append(given)
        for token in (*said, _END):
            self.append(token)
        return len(self._starts) - 1

    def count(self, number: int, given: int) -> None:
        """Say how often one was given by now."""
        self._given[number] = given

    def weight(self, place: int) -> int:
        """How often the answer at a place was given."""
        return self._given[bisect_right(self._starts, place) - 1]


@dataclass(frozen=True, slots=True)
class _Kept:
    number: int
    given: int


class Log:
    """Earlier answers, kept in memory alone; the half not given for longest goes when there is no more room.

    A draft from here is said only where the model says the same; but it is said sooner, so that whoever may ask, and
    has a watch, can learn that something like it was answered before. Only what is asked as a command belongs here.
    """

    def __init__(self, *, answers: int, tokens: int) -> None:
        """At most so many answers, and so many tokens of them and of their prompts' ends: some 150 bytes a token."""
        self._most_answers = answers
        self._most_tokens = tokens
        self._kept: dict[tuple[int, ...], _Kept] = {}
        """The latest given last."""
        self.trail = _Answers()
        """What to look up in: another one whenever something was forgotten, for whom reads in the old."""

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, prompt_ids: Sequence[int], answer: Sequence[int]) -> None:
        """Remember an answer, unless it would take more than a quarter of the room."""
        said = (*prompt_ids[-_TAIL:], *answer)
        if not answer or self._most_answers < 1 or 4 * (len(said) + 1) > self._most_tokens:
            return
        kept = self._kept.pop(said, None)
        if kept is None:
            self._kept[said] = _Kept(self.trail.add(said, 1), 1)
        else:
            self._kept[said] = again = replace(kept, given=min(kept.given + 1, _VOTES))
            self.trail.count(again.number, again.given)
        if len(self._kept) > self._most_answers or len(self.trail.tokens) > self._most_tokens:
            self._forget_half()

    def _forget_half(self) -> None:
        newest = list(self._kept.items())[(len(self._kept) + 1) // 2 :]
        self.trail = _Answers()
        self._kept = {said: replace(kept, number=self.trail.add(said, kept.given)) for said, kept in newest}

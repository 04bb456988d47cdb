"""How much of a guess is worth running: drafts that pay by what was right so far, and never cost more than a little.

A draft rides along with the token that has to be run anyway; where the model says the same, its tokens are steps
saved. Two things decide its length. What was listened to: every token that is said tells, without running anything,
whether the guess would have been right, so each length of match has a record of its own. And credit: a little for
every token, all that was saved, less what was lost; a draft that could lose more than there is waits. So whatever is
accepted, an answer costs at most `INCOME` more than without drafts, and `GRANT` steps.

Decides by counts, never by the clock: the same tokens give the same drafts. Knows no logits, nor how a draft is
checked. Speculative decoding is Leviathan's (arXiv 2211.17192).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from runtime.engine.ngrams import Log, Lookup, Trail

INCOME: Final = 0.03
"""Steps of credit for a token that was said."""
GRANT: Final = 1.0
"""Steps of credit to begin with."""
_MOST_CREDIT: Final = 6.0
"""Enough for a draft of 16; what was saved beyond it is not put at risk again."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What running a draft takes, in steps of one token."""

    chunk: float = 0.1
    """More than one token at once, whatever their number."""
    row: float = 0.34
    """Each further token. With `chunk` it fits what SmolLM2-135M in int4 takes on two AVX2 cores: 4.9 ms for one, 7.0
    for two, 10.5 for four, 17.0 for eight, 29.1 for sixteen."""
    snapshot: float = 0.0
    """A copy of what does not stay as it is, before every draft."""
    forgetful: bool = False
    """Whether a refused draft leaves a state in which its beginning has to be run again, with the next token."""

    def again(self, accepted: int) -> float:
        """What a draft refused behind so many tokens takes beside itself."""
        if not self.forgetful:
            return 0.0
        return self.snapshot + self.chunk + self.row * (accepted + 1)

    def loss(self, drafted: int, accepted: int) -> float:
        """Steps more than the same tokens take without a draft; below 0 it is a gain."""
        if not drafted:
            return 0.0
        refused = self.again(accepted) if accepted < drafted else 0.0
        return self.snapshot + self.chunk + self.row * drafted - accepted + refused


ATTENTION: Final = Costs()
FORGETFUL: Final = Costs(snapshot=0.05, forgetful=True)
_ROWS: Final = {"x86_64-avx512vnni": 0.16}
"""What a row takes where it was measured: the same model in int4-affine, two cores; 6.7 ms for one, 8.1 for two, 10.0
for four, 14.7 for eight, 22.8 for sixteen. In int8 it is half of this."""


def costs_on(processor: str, *, forgetful: bool) -> Costs:
    """What drafts take on a class of processors (`models.cpu`); elsewhere the careful figures."""
    costs = FORGETFUL if forgetful else ATTENTION
    return replace(costs, row=_ROWS.get(processor, costs.row))


_LOOKED_UP: Final = (0.4, 0.55, 0.85, 0.95, 0.98)
"""The share of guesses from the text itself that come true, by `_level`, before anything is known; SmolLM2-135M's, over
the recorded answers that the tests have."""
_LOGGED: Final = (0.2, 0.2, 0.4, 0.7, 0.9)
"""The same for guesses from a log: what templates put before every answer is matched too, and says nothing."""


class _Record:
    """How often guesses came true, by how long a match they came from; what is long ago fades."""

    _FADES: Final = 0.95
    _PRIOR: Final = 4.0
    """Guesses that the first opinion counts for."""

    def __init__(self, opinion: Sequence[float]) -> None:
        """`opinion`: the share that comes true, by `_level`, before anything is known."""
        self._right = [self._PRIOR * share for share in opinion]
        self._all = [self._PRIOR] * len(opinion)

    def chance(self, length: int) -> float:
        """The share that came true behind matches as long."""
        level = _level(length, len(self._all))
        return self._right[level] / self._all[level]

    def note(self, length: int, *, right: bool) -> None:
        """Count a guess behind such a match."""
        level = _level(length, len(self._all))
        self._right[level] = self._right[level] * self._FADES + right
        self._all[level] = self._all[level] * self._FADES + 1


def _level(length: int, levels: int) -> int:
    """0 for a match of 2 and 3 tokens, 1 up to 7, 2 up to 15, ..."""
    return min(length.bit_length() - 2, levels - 1)


class Drafter:
    """Drafts for one answer."""

    def __init__(
        self,
        prompt_ids: Sequence[int],
        log: Log | None = None,
        *,
        costs: Costs = ATTENTION,
        ends: frozenset[int] = frozenset(),
    ) -> None:
        """`ends` are the tokens that end an answer: the model says them unasked, and nothing follows."""
        self._text = Trail(prompt_ids)
        self._sources = [(Lookup(self._text), _Record(_LOOKED_UP))]
        if log is not None:
            self._sources.append((Lookup(self._text, log.trail), _Record(_LOGGED)))
        self._costs = costs
        self._ends = ends
        self._credit = GRANT

    def propose(self, most: int) -> tuple[int, ...]:
        """At most `most` tokens that may well follow what was said; none where that does not pay."""
        best, draft = 0.0, tuple[int, ...]()
        for lookup, record in self._sources:
            gain, length = self._worth(lookup.length, record, most)
            if gain > best:
                best, draft = gain, self._cut(lookup.propose(length))
        return draft

    def said(self, token: int, *, forced: bool = False) -> None:
        """Go on behind a token of the answer. One that a grammar forced says nothing about guesses."""
        if not forced:
            self._earn(INCOME)
            for lookup, record in self._sources:
                if lookup.guess is not None:
                    record.note(lookup.length, right=lookup.guess == token)
        self._text.append(token)
        for lookup, _ in self._sources:
            lookup.accept(token)

    def verified(self, drafted: int, accepted: int, *, forced: int = 0) -> None:
        """Settle for a draft of which so many tokens were run, and so many of those came true.

        `forced` of the accepted ones would have come without a step of their own.
        """
        self._earn(-self._costs.loss(drafted - forced, accepted - forced))

    def _earn(self, steps: float) -> None:
        self._credit = min(self._credit + steps, _MOST_CREDIT)

    def _worth(self, length: int, record: _Record, most: int) -> tuple[float, int]:
        """How long a draft behind such a match saves the most steps that can be expected, and how many."""
        costs, best = self._costs, (0.0, 0)
        taken, accepted, all_right = costs.snapshot + costs.chunk, 0.0, 1.0
        for drafted in range(1, self._affordable(most) + 1 if length else 0):
            right = record.chance(length + drafted - 1)
            taken += costs.row
            if costs.forgetful:
                taken += all_right * (1.0 - right) * costs.again(drafted - 1)
            all_right *= right
            if all_right < costs.row:
                break  # a longer draft is less likely still to be right to its end
            accepted += all_right
            best = max(best, (accepted - taken, drafted))
        return best

    def _affordable(self, most: int) -> int:
        """The longest draft, `most` at most, that credit covers if nothing of it is accepted."""
        left = self._credit - self._costs.loss(1, 0)
        return min(most, 1 + int(left / self._costs.row)) if left >= 0 else 0

    def _cut(self, draft: tuple[int, ...]) -> tuple[int, ...]:
        """The draft as far as an answer can go."""
        return next((draft[:place] for place, token in enumerate(draft) if token in self._ends), draft)

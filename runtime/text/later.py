"""A grammar for the answer of a model that thinks first: the thought is free, what follows it is not.

Knows the tokens that open and close a thought, and those that end an answer, which may not end before it began.
"""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from runtime.text.grammar import Grammar, Progress


class Later:
    """What answers may be behind a thought; `runtime.engine.constraint.Grammar` in its form."""

    def __init__(self, grammar: Grammar, *, opens: int | None, closes: int, ends: Collection[int]) -> None:
        """Take the marks of a thought; `opens` is None where the prompt itself opened it, else it may be left out."""
        self._grammar = grammar
        self._opens = opens
        self._closes = closes
        self._ends = list(ends)

    def begin(self) -> "Thinking":
        """The beginning of a thought, or of an answer without one."""
        return Thinking(self._grammar.begin(), self._opens, self._closes, self._ends)


class Thinking:
    """One answer that may begin with a thought."""

    def __init__(self, answer: Progress, opens: int | None, closes: int, ends: list[int]) -> None:
        self._answer = answer
        self._opens = opens
        self._closes = closes
        self._ends = ends
        self._thinks = opens is None

    @property
    def complete(self) -> bool:
        """Whether the answer is whole, and nothing can follow."""
        return not self._thinks and self._opens is None and self._answer.complete

    def forced(self) -> Sequence[int]:
        """The tokens that have to come next; none while thinking, or while it is open whether to think."""
        return () if self._thinks or self._opens is not None else self._answer.forced()

    def restrict(self, logits: NDArray[np.float32]) -> None:
        """Put -inf to logits [V] of all that may not come next."""
        if self._thinks:
            logits[self._ends] = -np.inf
            return
        allowed = self._answer.allowed()
        if self._opens is not None:
            allowed[self._opens] = 1
        np.copyto(logits, -np.inf, where=allowed == 0)

    def few(self, most: int) -> Sequence[int]:
        """The ids that may come next, ascending, if they are at most so many; while thinking they are not."""
        if self._thinks:
            return ()
        opens = () if self._opens is None else (self._opens,)
        ids = self._answer.few(most - len(opens))
        return sorted({*ids, *opens}) if ids else ()

    def accepts(self, draft: Sequence[int]) -> int:
        """How many of these tokens fit, from the first on: what ends a thought is followed by the answer."""
        opened = self._opens is not None and self._opens in draft[:1]
        if not self._thinks and not opened:
            return self._answer.accepts(draft)
        thought = int(opened)
        for token in draft[thought:]:
            if token in self._ends:
                return thought
            thought += 1
            if token == self._closes:
                break
        return thought + self._answer.accepts(draft[thought:])

    def accept(self, token: int) -> None:
        """Go on behind a token."""
        if self._thinks:
            self._thinks = token != self._closes
        elif token == self._opens:
            self._thinks, self._opens = True, None
        else:
            self._opens = None
            self._answer.accept(token)

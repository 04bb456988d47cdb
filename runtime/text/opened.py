"""A grammar for the calls in an answer that is free otherwise: it holds from the token that opens a call on.

Knows that token, those around a thought, in which nothing is a call, and those that end an answer.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from runtime.text.grammar import Grammar, Progress


@dataclass(frozen=True, slots=True)
class Opened:
    """What answers may have; `runtime.engine.constraint.Grammar` in its form."""

    grammar: Grammar
    """Of one call, from its opening token on."""
    opens: int
    last: bool
    """Whether the answer is over with its first call."""
    ends: Collection[int]
    never: Collection[int] = ()
    """Tokens by which other models of the family open a call, and this one does not."""
    thought: tuple[int | None, int | None] = (None, None)
    """The tokens that open and close a thought."""
    thinks: bool = False
    """Whether the prompt opened one."""

    def begin(self) -> "Speaking":
        """The beginning of an answer."""
        return Speaking(self)


class Speaking:
    """One answer: free, or inside a call."""

    def __init__(self, form: Opened) -> None:
        self._form = form
        self._call: Progress | None = None
        self._thinks = form.thinks
        self._over = False

    @property
    def complete(self) -> bool:
        """Whether the answer is whole, and nothing can follow."""
        return self._over

    def forced(self) -> Sequence[int]:
        """The tokens that have to come next."""
        return () if self._call is None else self._call.forced()

    def restrict(self, logits: NDArray[np.float32]) -> None:
        """Put -inf to logits [V] of all that may not come next: outside a call, to hardly any."""
        if self._call is not None:
            self._call.restrict(logits)
        else:
            logits[list(self._form.never)] = -np.inf

    def few(self, most: int) -> Sequence[int]:
        """The ids that may come next, ascending, if they are at most so many."""
        return () if self._call is None else self._call.few(most)

    def accepts(self, draft: Sequence[int]) -> int:
        """How many of these tokens fit, from the first on; of a call that a draft opens, its first token alone."""
        if self._call is not None:
            return self._call.accepts(draft)
        for place, token in enumerate(draft):
            if token in self._form.ends or token in self._form.never:
                return place
            if token == self._form.opens:
                return place + 1
        return len(draft)

    def accept(self, token: int) -> None:
        """Go on behind a token."""
        form, call = self._form, self._call
        if call is not None:
            call.accept(token)
            if call.complete:
                self._call, self._over = None, form.last
        elif self._thinks:
            self._thinks = token != form.thought[1]
        elif token == form.thought[0]:
            self._thinks = True
        elif token == form.opens:
            self._call = form.grammar.begin()
            self._call.accept(token)

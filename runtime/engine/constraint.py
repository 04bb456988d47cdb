"""What an answer may consist of, as the decode loop sees it: token ids alone.

Who knows text compiles a grammar (`runtime.text.grammar`); the engine asks it what has to come, what may, and whether
the answer is whole. Here are only the words in which it asks.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Constraint(Protocol):
    """One answer under a grammar, from its first token on."""

    @property
    def complete(self) -> bool:
        """Whether the answer is whole, and nothing can follow."""
        ...

    def forced(self) -> Sequence[int]:
        """The tokens that have to come next, as the tokenizer would write them; none where there is a choice.

        They are what `restrict` would leave one by one, so that taking them at once changes nothing but the time.

        Raises:
            CallerError: the grammar takes too much work here.
        """
        ...

    def restrict(self, logits: NDArray[np.float32]) -> None:
        """Put -inf to logits [V] of all that may not come next; of ids that end an answer, where it may not end.

        Raises:
            CallerError: the grammar takes too much work here.
        """
        ...

    def few(self, most: int) -> Sequence[int]:
        """The ids that `restrict` leaves, ascending, if they are at most so many; else none.

        Raises:
            CallerError: the grammar takes too much work here.
        """
        ...

    def accepts(self, draft: Sequence[int]) -> int:
        """How many of these tokens, from the first on, fit behind what was said; nothing changes by asking.

        It is enough to draft by, and no more: of text that is forced any spelling counts here, while `restrict` leaves
        the tokenizer's own. An id that ends the answer does not count, nor what is behind it.

        Raises:
            CallerError: the grammar takes too much work here.
        """
        ...

    def accept(self, token: int) -> None:
        """Go on behind a token that was forced, or left by `restrict`; never behind one that ended the answer.

        Raises:
            CallerError: the grammar takes too much work here.
        """
        ...


class Grammar(Protocol):
    """What answers may be; not changed by answers."""

    def begin(self) -> Constraint:
        """The beginning of an answer."""
        ...

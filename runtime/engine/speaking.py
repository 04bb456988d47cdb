"""One answer while it is generated: which token comes next, and whether any does.

Knows the sampler, the constraint and the request's own end. Does not know how logits come about, nor when.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from runtime.engine.likely import Outlook
from runtime.engine.request import FinishReason, Likely, Request
from runtime.engine.sampling import Sampler

_FEW: Final = 256
"""Their rows are looked up one by one, which takes as long as a head of some ten thousand."""


class Speaker:
    """Says the tokens of one answer. After `ended` is set it has nothing more to say."""

    def __init__(self, request: Request, vocabulary: int) -> None:
        self._sampler = Sampler(request.sampling, request.prompt_ids, vocabulary)
        self._constraint = request.grammar.begin() if request.grammar else None
        self._stops = request.stop_ids
        self._left = request.max_tokens
        self._top = request.logprobs
        self._due = deque[int]()
        """What has to follow, where each token waits for its own logits to tell how likely it was."""
        self.likely: Likely | None = None
        """How likely the token was that was chosen last; None where it was not asked for."""
        self.ended: FinishReason | None = None
        """Why the answer is over; None while it is not."""

    @property
    def left(self) -> int:
        """Tokens that may still be said."""
        return self._left

    def accepts(self, draft: Sequence[int]) -> int:
        """How many of these tokens, from the first on, may be said next. For drafting: it says nothing of the model.

        Raises:
            CallerError: as `opening`.
        """
        return len(draft) if self._constraint is None else self._constraint.accepts(draft)

    def few(self) -> tuple[int, ...]:
        """The ids one of which comes next, if a form leaves so few that it pays to compute theirs alone; else none.

        Raises:
            CallerError: as `opening`.
        """
        if self._constraint is None or self.ended or self._top is not None:
            return ()
        return tuple(self._constraint.few(_FEW))

    def opening(self) -> Sequence[int]:
        """What the answer has to begin with, whatever the model thinks of it.

        Raises:
            CallerError: the grammar takes too much work.
        """
        return self._forced()

    def next(self, logits: NDArray[np.float32]) -> Sequence[int]:
        """Choose by logits [V], which are overwritten; the token, and those that then have to follow.

        None where the model ended the answer.

        Raises:
            EngineError: as `Sampler`.
            CallerError: as `opening`.
        """
        outlook = None if self._top is None else Outlook(logits, self._top)
        token = self._due.popleft() if self._due else self._choose(logits)
        if token in self._stops:
            self.ended = "stop"
            return ()
        if outlook is not None:
            self.likely = outlook.of(token)
        self._say(token)
        return (token,) if self._due else (token, *self._forced())

    def _choose(self, logits: NDArray[np.float32]) -> int:
        if self._constraint is not None:
            self._constraint.restrict(logits)
        return self._sampler(logits)

    def _forced(self) -> Sequence[int]:
        if self._constraint is None or self.ended:
            return ()
        said = tuple(self._constraint.forced())[: self._left]
        if self._top is not None:
            self._due.extend(said)
            return ()
        for token in said:
            self._say(token)
        return said

    def _say(self, token: int) -> None:
        self._left -= 1
        self._sampler.accept(token)
        if self._constraint is not None:
            self._constraint.accept(token)
            if self._constraint.complete:
                self.ended = "stop"
                return
        if not self._left:
            self.ended = "length"

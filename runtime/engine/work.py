"""What an answer in the making asks to be run, and what it hears instead when it is over. Values only.

Generators of answers yield `Work` among their events and are sent logits; who drives them decides what runs when, and
what runs together (`runtime.engine.worker`).
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from runtime.engine.bank import Slot
from runtime.engine.prefix import Claim
from runtime.engine.request import FinishReason

Logits = NDArray[np.float32]
Heard = TypeVar("Heard")
Told = TypeVar("Told")


@dataclass(frozen=True, slots=True)
class Lease:
    """A slot for the time of one request, its cache taken to what the claim says is cached."""

    slot: Slot
    claim: Claim


@dataclass(frozen=True, slots=True)
class Work:
    """Tokens to be run behind what the slot holds: at most a chunk of them.

    What is sent back are logits [n, V], a row for each place of `asked`. They are valid until the next run, and free to
    be changed.
    """

    tokens: tuple[int, ...]
    asked: tuple[int, ...] = ()
    """Places in `tokens` behind which logits are wanted, ascending."""
    among: tuple[int, ...] = ()
    """The ids whose logits are wanted there, ascending, if they are few; the others' are then of no consequence."""

    @property
    def single(self) -> bool:
        """Whether it is one step of decoding, which can share its run with others'."""
        return len(self.tokens) == 1 and bool(self.asked)


class Ended(Exception):  # noqa: N818  not an error: it ends an answer where its work would have been run
    """Thrown into a generator instead of logits: the work was not run, and nothing more will be."""

    def __init__(self, reason: FinishReason) -> None:
        super().__init__(reason)
        self.reason: FinishReason = reason


Steps = Generator[Told | Work, Logits, Heard]
"""A generator of events of a kind and of work, which returns something in the end."""

"""Answers by the rules on a blackboard: a fresh cache, the prompt in chunks, every token a step, nothing remembered.

And how much it changes the logits to run several tokens at once: kernels for one row round otherwise than for many.
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from runtime.engine.bank import Slot, new_slot
from runtime.engine.request import Request
from runtime.engine.session import Session
from runtime.engine.snapshots import cuts
from runtime.limits import Limits

CHUNK: Final = Limits().prefill_chunk
WIDTHS: Final = (2, 3, 4, 5, 8, 12, 16)
"""How many tokens are run at once, where the difference to one is measured."""
END: Final = -1
"""Stands in answers for whichever token ended them."""

Row = NDArray[np.float32]


def rows(session: Session, request: Request) -> Generator[Row, int, None]:
    """The logits [V] behind the prompt, then behind each token that is sent; -inf for what the grammar forbids."""
    slot = new_slot(session)
    ids = np.array(request.prompt_ids)
    row, start = np.empty(0, np.float32), 0
    for end in cuts(0, len(ids), CHUNK, ()):
        row, start = slot.prefill(ids[start:end], asked=np.array([end - start - 1]))[0], end
    answer = request.grammar.begin() if request.grammar else None
    while answer is None or not answer.complete:
        row = row.copy()
        if answer is not None:
            answer.restrict(row)
        token = yield row
        if answer is not None:
            answer.accept(token)
        row = slot.step(token)


def greedy(session: Session, request: Request) -> tuple[int, ...]:
    """The likeliest answer, with END behind it unless it was too long."""
    said: list[int] = []
    telling = rows(session, request)
    row = next(telling)
    while True:
        token = int(row.argmax())
        if token in request.stop_ids:
            return (*said, END)
        said.append(token)
        try:
            row = telling.send(token)
        except StopIteration:
            return (*said, END)
        if len(said) == request.max_tokens:
            return tuple(said)


def lead(session: Session, request: Request, said: Sequence[int], instead: tuple[int, int]) -> float:
    """By how much the first of two tokens leads the second, behind the prompt and what was said."""
    telling = rows(session, request)
    row = next(telling)
    for token in said:
        row = telling.send(token)
    first, second = (
        max(float(row[end]) for end in request.stop_ids) if token == END else float(row[token])
        for token in instead
    )
    return first - second


@dataclass(frozen=True, slots=True)
class Noise:
    """By how much the lead of the likeliest token over the next changes when tokens are run at once, in logits."""

    positions: int
    """Places in texts, times widths."""
    largest: float
    most: float
    """At most so much in 99.9 % of them."""
    flips: int
    """Where it makes another token the likeliest."""


def noise(session: Session, texts: Iterable[Sequence[int]], widths: Sequence[int] = WIDTHS) -> Noise:
    """Measure over texts: each is run token by token, then in chunks of each width."""
    changes: list[float] = []
    flips = 0
    for text in texts:
        ids = np.array(text)
        slot = new_slot(session)
        alone = [_best_two(slot.step(token)) for token in text]
        for width in widths:
            for (first, second, margin), row in zip(
                alone, _in_chunks(new_slot(session), ids, width), strict=True
            ):
                changes.append(abs(float(row[first] - row[second]) - margin))
                flips += int(row.argmax()) != first
    sizes = np.array(changes)
    return Noise(len(sizes), float(sizes.max()), float(np.quantile(sizes, 0.999)), flips)


def _best_two(row: Row) -> tuple[int, int, float]:
    first = int(row.argmax())  # the first of equals, as in sampling
    second = int(np.argpartition(-row, 1)[:2].max())
    if second == first:
        second = int(np.argpartition(-row, 1)[:2].min())
    return first, second, float(row[first] - row[second])


def _in_chunks(slot: Slot, ids: NDArray[np.int64], width: int) -> Generator[Row]:
    for start in range(0, len(ids), width):
        part = ids[start : start + width]
        yield from slot.prefill(part, asked=np.arange(len(part)))

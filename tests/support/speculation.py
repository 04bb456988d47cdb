"""What drafting would cost for an answer that is known: the model is a list of tokens, time is counted in steps."""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from runtime.engine.ngrams import Log
from runtime.engine.prefix import common_prefix
from runtime.engine.speculate import Drafter, costs_on

Draft = tuple[int, ...]


@dataclass(frozen=True)
class Played:
    """An answer that was given with drafts."""

    answer: tuple[int, ...]
    drafted: int
    accepted: int
    history: tuple[tuple[float, float], ...]
    """After each run: the steps that were taken by then with drafts, and without."""

    @property
    def share(self) -> float:
        """Steps with drafts, of those without."""
        fast, plain = self.history[-1]
        return fast / plain


def play(
    prompt: Sequence[int],
    model: Callable[[Draft], Draft],
    *,
    forced: Container[int] = (),
    log: Log | None = None,
    forgetful: bool = False,
    most: int = 16,
    processor: str = "aarch64-dotprod",
) -> Played:
    """Draft until the model says nothing more, counting as `runtime.engine.speculate.Costs` does.

    Asked with a draft, it says what it accepts of it, a token of its own, and what a grammar then leaves no choice in:
    `forced` are places in the answer.
    """
    costs = costs_on(processor, forgetful=forgetful)
    drafter = Drafter(prompt, log, costs=costs)
    answer: list[int] = []
    fast = plain = 0.0
    drafted = right = 0
    history = []
    while fresh := model(draft := drafter.propose(most)):
        accepted = min(common_prefix(draft, fresh), len(fresh) - 1)
        places = range(len(answer), len(answer) + len(fresh))
        given = [place in forced for place in places]
        unasked = sum(given[:accepted])
        drafter.verified(len(draft), accepted, forced=unasked)
        for token, unchosen in zip(fresh, given, strict=True):
            drafter.said(token, forced=unchosen)
        plainly = sum(costs.row if unchosen else 1.0 for unchosen in given)
        plain += plainly
        fast += plainly + costs.loss(len(draft) - unasked, accepted - unasked)
        answer.extend(fresh)
        drafted, right = drafted + len(draft), right + accepted
        history.append((fast, plain))
    return Played(tuple(answer), drafted, right, tuple(history))


def recorded(answer: Sequence[int], forced: Container[int] = ()) -> Callable[[Draft], Draft]:
    """A model that gives just this answer."""
    place = 0

    def run(draft: Draft) -> Draft:
        nonlocal place
        start = place
        place += common_prefix(draft, answer[place:-1]) + 1
        while place in forced and place < len(answer):
            place += 1
        return tuple(answer[start:place])

    return run

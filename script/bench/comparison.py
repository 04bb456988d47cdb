"""From rounds of measurements to ratios and verdicts. Arithmetic only: starts nothing, prints nothing.

Neighbours on a machine come and go: engines are paired round by round, the ratio is the median of the rounds.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from goals import GOALS, NEAR, OURS, Against, Goal
from workload import Figures


@dataclass(frozen=True)
class Variant:
    """One engine with one file and one setting."""

    engine: str
    weights: str
    bits: int
    """Of most weights; what a goal of the same bits goes by."""
    kl: float
    """Mean distance from the fp32 weights, nats a token."""
    rounds: tuple[Figures, ...]
    """One a round. A figure that could not be had is in none of them."""
    setting: str = ""

    @property
    def name(self) -> str:
        """For a table."""
        return " ".join(filter(None, (self.engine, self.weights, self.setting)))

    def has(self, figure: str) -> bool:
        """Whether it was measured."""
        return figure in self.rounds[0]

    def values(self, figure: str) -> list[float]:
        """One a round."""
        return [figures[figure] for figures in self.rounds]

    def median(self, figure: str) -> float:
        """Over the rounds."""
        return statistics.median(self.values(figure))


@dataclass(frozen=True)
class Spread:
    """Median, lowest and highest over the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Raises: statistics.StatisticsError: no values."""
        return cls(statistics.median(values), min(values), max(values))


Outcome = Literal["met", "missed", "not judged", "not measured", "nothing as near", "no such peer"]


@dataclass(frozen=True)
class Row:
    """Ours against the peer's best variant for this goal; names and spreads are None where there is nothing."""

    goal: Goal
    outcome: Outcome
    ours: Variant | None = None
    peer: Variant | None = None
    ratio: Spread | None = None

    @property
    def verdict(self) -> str:
        """In words, with the distance where the goal was missed."""
        if self.outcome != "missed" or self.ratio is None:
            return self.outcome
        return f"missed by {abs(1 - self.ratio.median / self.goal.bound):.0%}"


def compare(variants: Sequence[Variant], *, judge: bool, goals: Sequence[Goal] = GOALS) -> tuple[Row, ...]:
    """One row a goal. Without `judge` there are ratios and no verdicts."""
    return tuple(_row(goal, variants, judge=judge) for goal in goals)


def _row(goal: Goal, variants: Sequence[Variant], *, judge: bool) -> Row:
    peer = _peer(goal, variants)
    if goal.against is not None and peer is None:
        return Row(goal, "not measured" if fitting(goal.against, variants) else "no such peer")
    ours = chosen(goal.against or NEAR, variants)
    if ours is None:
        return Row(goal, "nothing as near", peer=peer)
    if not ours.has(goal.figure):
        return Row(goal, "not measured", ours, peer)
    ratio = Spread.of(_ratios(goal, ours, peer))
    met = ratio.median <= goal.bound if goal.sense == "at most" else ratio.median >= goal.bound
    outcome: Outcome = "not judged" if not judge else "met" if met else "missed"
    return Row(goal, outcome, ours, peer, ratio)


def _ratios(goal: Goal, ours: Variant, peer: Variant | None) -> list[float]:
    mine = ours.values(goal.figure)
    if peer is None:
        return mine
    theirs = peer.values(goal.figure)
    pairs = zip(theirs, mine, strict=True) if goal.sense == "sooner" else zip(mine, theirs, strict=True)
    return [a / b for a, b in pairs]


def _peer(goal: Goal, variants: Sequence[Variant]) -> Variant | None:
    """Of those asked for, the best at this figure."""
    if goal.against is None:
        return None
    best = max if goal.sense == "more" else min
    found = [v for v in fitting(goal.against, variants) if v.has(goal.figure)]
    return best(found, key=lambda v: v.median(goal.figure), default=None)


def fitting(against: Against, variants: Sequence[Variant]) -> list[Variant]:
    """The peer's variants that a goal is about."""
    return [v for v in variants if v.engine == against.engine and v.weights == against.weights]


def chosen(against: Against, variants: Sequence[Variant]) -> Variant | None:
    """Of ours that are near enough, the one that decodes fastest: a user has one bundle, so one serves all rows."""
    peers = fitting(against, variants)
    near = against.kl_most
    if near is None:
        near = max((peer.kl for peer in peers), default=0.0)
    bits = {peer.bits for peer in peers} if against.same_bits else None
    found = [v for v in variants if v.engine == OURS and v.kl <= near and (bits is None or v.bits in bits)]
    return max(found, key=lambda v: v.median("decode@0"), default=None)


def medians(variant: Variant) -> Mapping[str, Spread]:
    """Every figure of a variant."""
    return {name: Spread.of(variant.values(name)) for name in variant.rounds[0]}

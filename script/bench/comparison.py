"""From rounds of measurements to ratios and verdicts. Arithmetic only: starts nothing, prints nothing.

Neighbours on a machine come and go: engines are paired round by round, the ratio is the median of the rounds.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from measurement import Measurement


@dataclass(frozen=True)
class Goal:
    """One row of the table."""

    title: str
    field: str
    """Of Measurement."""
    more_is_better: bool
    bound: float | None
    """What ours divided by the peer's has to reach (or, where less is better, must not pass)."""


GOALS: Final = (
    Goal("decode, tokens/s", "decode_tok_s", more_is_better=True, bound=1.1),
    Goal("prefill 512, tokens/s", "prefill_tok_s", more_is_better=True, bound=1.4),
    Goal("peak RSS, MiB", "peak_rss_mib", more_is_better=False, bound=1.6),
    Goal("load, s", "load_s", more_is_better=False, bound=None),
)


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


@dataclass(frozen=True)
class Row:
    """Ours against the peer's best variant for this goal."""

    goal: Goal
    ours: Spread
    peer: Spread
    variant: str
    ratio: Spread

    @property
    def met(self) -> bool | None:
        """None where nothing is asked."""
        if self.goal.bound is None:
            return None
        median, bound = self.ratio.median, self.goal.bound
        return median >= bound if self.goal.more_is_better else median <= bound


def compare(ours: Sequence[Measurement], peers: Mapping[str, Sequence[Measurement]]) -> tuple[Row, ...]:
    """One row a goal. Each sequence holds one measurement a round; the peer is given its best variant."""
    return tuple(_row(goal, ours, peers) for goal in GOALS)


def _row(goal: Goal, ours: Sequence[Measurement], peers: Mapping[str, Sequence[Measurement]]) -> Row:
    value = attrgetter(goal.field)
    medians = {name: statistics.median(map(value, rounds)) for name, rounds in peers.items()}
    variant = (max if goal.more_is_better else min)(medians, key=medians.__getitem__)
    mine, theirs = [value(m) for m in ours], [value(m) for m in peers[variant]]
    ratios = [a / b for a, b in zip(mine, theirs, strict=True)]
    return Row(goal, Spread.of(mine), Spread.of(theirs), variant, Spread.of(ratios))

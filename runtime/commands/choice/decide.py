"""What is done about probabilities: act, ask back, or leave it. Numbers in, a decision out.

A wrong action costs far more than a question, and a question more than nothing; so acting takes a high probability
and a lead, asking a middling one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from runtime.commands.choice.evidence import Evidence
from runtime.commands.choice.model import Thresholds, Weighed
from runtime.commands.meaning import Action

MOST_ASKED: Final = 4
_WORTH: Final = 0.12
"""Share of the likeliest that another has to have to be asked about."""


class Step(StrEnum):
    """What to do."""

    ACT = "act"
    ASK = "ask"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, and about which possible things."""

    step: Step
    places: tuple[int, ...]
    confidence: float


def decide(
    weighed: Weighed, evidence: Evidence, actions: Sequence[tuple[Action, ...]], thresholds: Thresholds
) -> Decision:
    """Act on the likeliest, ask about the likely, or leave it.

    Args:
        weighed: places and probabilities.
        evidence: what they were weighed from; likely or not, nothing is done that it does not bear out.
        actions: what each possible thing means, by its place; those that mean the same count together.
        thresholds: what it takes.
    """
    chances: dict[tuple[Action, ...], float] = {}
    place_of: dict[tuple[Action, ...], int] = {}
    for place, likely in zip(weighed.places, weighed.likely, strict=True):
        meant = tuple(sorted(actions[place], key=str))
        chances[meant] = chances.get(meant, 0.0) + likely
        place_of.setdefault(meant, place)
    ranked = sorted(chances.items(), key=lambda item: -item[1])
    if not ranked or not evidence.is_command or 1.0 - weighed.none < thresholds.ask:
        return Decision(Step.LEAVE, (), weighed.none)
    first = ranked[0][1]
    second = ranked[1][1] if len(ranked) > 1 else 0.0
    place = place_of[ranked[0][0]]
    if first >= thresholds.act and first - second >= thresholds.lead and evidence.is_said(place):
        return Decision(Step.ACT, (place,), first)
    if not any(evidence.is_about(place_of[meant]) for meant, _ in ranked[:MOST_ASKED]):
        return Decision(Step.LEAVE, (), weighed.none)
    worth = [place_of[meant] for meant, likely in ranked if likely >= _WORTH * first]
    return Decision(Step.ASK, tuple(worth[:MOST_ASKED]), 1.0 - weighed.none)

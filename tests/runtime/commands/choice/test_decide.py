import numpy as np
import pytest

from runtime.commands.choice.decide import MOST_ASKED, Step, decide
from runtime.commands.choice.evidence import FOR, NONE, Evidence
from runtime.commands.choice.model import Thresholds, Weighed
from runtime.commands.meaning import Action

THRESHOLDS = Thresholds(act=0.8, lead=0.3, ask=0.4)
ACTIONS = tuple((Action(f"lamp{number}", "power", value=True),) for number in range(8))


def evidence(**found: float) -> Evidence:
    """Eight things that are all said, and what else is found."""
    row = {"pointed": 1.0, "wants": 1.0} | found
    return Evidence(
        np.array([[row.get(name, 0.0) for name in FOR]] * 8),
        np.array([found.get(name, 0.0) for name in NONE]),
    )


def weighed(*likely: float) -> Weighed:
    """The things in order."""
    return Weighed(tuple(range(len(likely))), likely, 1.0 - sum(likely))


def test_what_is_likely_and_said_is_done() -> None:
    assert decide(weighed(0.9, 0.05), evidence(), ACTIONS, THRESHOLDS).step is Step.ACT


@pytest.mark.parametrize(
    "against",
    [
        {"pointed": 0.3},
        {"wants": 0.0},
        {"opposite": 1.0},
        {"elsewhere": 1.0},
        {"number_unused": 1.0},
        {"strange": 1.0},
    ],
)
def test_what_was_not_said_is_asked_however_likely(against: dict[str, float]) -> None:
    assert decide(weighed(0.99), evidence(**against), ACTIONS, THRESHOLDS).step is Step.ASK


@pytest.mark.parametrize("against", ["asks", "imagines", "tells", "refuses"])
def test_what_is_no_command_is_left_however_likely(against: str) -> None:
    assert decide(weighed(0.99), evidence(**{against: 1.0}), ACTIONS, THRESHOLDS).step is Step.LEAVE


def test_two_that_are_near_are_asked_about_and_the_unlikely_left_out() -> None:
    found = decide(weighed(0.5, 0.4, 0.01), evidence(), ACTIONS, THRESHOLDS)
    assert (found.step, found.places) == (Step.ASK, (0, 1))


def test_never_more_are_asked_about_than_a_person_remembers() -> None:
    assert len(decide(weighed(*[0.12] * 8), evidence(), ACTIONS, THRESHOLDS).places) == MOST_ASKED


def test_ways_to_the_same_count_together() -> None:
    twice = (ACTIONS[0], ACTIONS[0], ACTIONS[1])
    found = decide(weighed(0.45, 0.45, 0.05), evidence(), twice, THRESHOLDS)
    assert (found.step, found.places) == (Step.ACT, (0,))


def test_none_is_left() -> None:
    assert decide(weighed(0.2, 0.1), evidence(), ACTIONS, THRESHOLDS).step is Step.LEAVE
    assert decide(weighed(), evidence(), ACTIONS, THRESHOLDS).step is Step.LEAVE

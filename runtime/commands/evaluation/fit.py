"""The weights of the choice route, out of the sentences in `development/`: `script/fit-choice` writes them.

Maximum likelihood of a conditional logit with a quadratic penalty, by Adam (Kingma and Ba, 2015) from a fixed start:
the same sentences give the same file. Thresholds are chosen where each house is judged by weights from the others, by
what wrong actions, refusals and questions cost.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

import numpy as np

from runtime.commands.choice.decide import Step, decide
from runtime.commands.choice.evidence import FOR, NONE, Evidence, Matrix
from runtime.commands.choice.model import CONSIDERED, WEIGHTS, Thresholds, Weights, weigh
from runtime.commands.choice.realise import is_open
from runtime.commands.choice.stage import Choice
from runtime.commands.evaluation.house import read_house
from runtime.commands.evaluation.judge import Verdict, judge, matches
from runtime.commands.evaluation.utterances import Utterance, Word, read_utterances
from runtime.commands.meaning import Action, Do, Meaning, Option, Which
from runtime.commands.sentence import Sentence
from runtime.commands.shortlist.likeness import Encoder

PENALTY: Final = 3e-4
_ROUNDS, _STEPS, _RATE = 3, 400, 0.05
_UNCLEAR: Final = 0.5
"""What a sentence counts that could mean several things: it says only that it is not none."""
_START: Final[Mapping[str, float]] = {
    "pointed": 3.0,
    "wants": 2.0,
    "wants_maybe": 1.0,
    "opposite": -2.5,
    "pointed_and_wanted": 3.0,
    "elsewhere": -2.0,
    "number_fits": 2.0,
    "number_missing": -2.0,
    "number_unused": -1.5,
    "like_own": 2.0,
    "several_unsaid": -2.0,
    "other_named": -2.0,
}
"""Where the search begins: it says which things are looked at first."""
_ALWAYS: Final = 3.0
_ACTS, _LEADS, _ASKS = (0.5, 0.6, 0.7, 0.8, 0.9), (0.2, 0.4), (0.2, 0.3, 0.4, 0.5)
_COSTS: Final[Mapping[Verdict, float]] = {
    Verdict.WRONG: 40.0,
    Verdict.AMISS: 2.0,
    Verdict.REFUSED: 1.0,
    Verdict.CLARIFIED: 0.15,
}
"""What each costs that is not right: a wrong action as much as forty refusals."""


@dataclass(frozen=True, slots=True)
class Example:
    """One sentence of one house, with the evidence for each possible thing."""

    house: str
    utterance: Utterance
    evidence: Evidence
    actions: tuple[tuple[Action, ...], ...]
    open: tuple[bool, ...]
    """Which of them lack a value."""
    right: tuple[bool, ...]

    def targets(self) -> Matrix | None:
        """What may have the probability: [possible things + none]; None where the sentence teaches nothing."""
        first = self.utterance.answers[0]
        if first in {Word.REFUSE, Word.TELL, Word.CANCEL}:
            return np.array([*(0.0 for _ in self.right), 1.0])
        if first is Word.CLARIFY:
            return np.array([*(1.0 for _ in self.right), 0.0])
        return np.array([*map(float, self.right), 0.0]) if any(self.right) else None


def examples(folder: Path, encoder: Encoder | None) -> Iterator[Example]:
    """Every sentence of every house in the folder; with an encoder those that it can read."""
    choice = Choice(encoder)
    for place in sorted(path for path in folder.iterdir() if path.is_dir()):
        house = read_house(place)
        for utterance in read_utterances(place, house):
            if encoder is not None and not utterance.text.isascii():
                continue
            sentence = Sentence(utterance.text, utterance.language, utterance.area)
            considered = choice.consider(sentence, house)
            actions = considered.actions(house)
            wanted = [answer for answer in utterance.answers if isinstance(answer, tuple)]
            yield Example(
                place.name,
                utterance,
                considered.evidence,
                actions,
                tuple(map(is_open, actions, considered.shortlist.possible)),
                tuple(any(matches(each, answer) for answer in wanted) for each in actions),
            )


def fit(taught: Sequence[Example]) -> tuple[Matrix, Matrix]:
    """Weights for the evidence: of things, and of none."""
    theta = np.array([_START.get(name, 0.0) for name in FOR] + [_ALWAYS] + [0.0] * (len(NONE) - 1))
    for _ in range(_ROUNDS):
        theta = _Likelihood(taught, theta[: len(FOR)]).climb(theta)
    return theta[: len(FOR)], theta[len(FOR) :]


class _Likelihood:
    """Of the sentences that teach something, with the things that some weights put first."""

    def __init__(self, taught: Sequence[Example], order: Matrix) -> None:
        rows = [(each, target) for each in taught if (target := each.targets()) is not None]
        self._things = np.zeros((len(rows), CONSIDERED, len(FOR)))
        self._none = np.array([each.evidence.none for each, _ in rows])
        self._there = np.zeros((len(rows), CONSIDERED + 1), bool)
        self._there[:, -1] = True
        self._right = np.zeros((len(rows), CONSIDERED + 1))
        self._counts = np.array(
            [_UNCLEAR if each.utterance.answers[0] is Word.CLARIFY else 1.0 for each, _ in rows]
        )
        for number, (each, target) in enumerate(rows):
            first = np.argsort(-(each.evidence.options @ order), kind="stable")[:CONSIDERED]
            self._things[number, : len(first)] = each.evidence.options[first]
            self._there[number, : len(first)] = True
            self._right[number, : len(first)] = target[first]
            self._right[number, -1] = target[-1]

    def climb(self, theta: Matrix) -> Matrix:
        """Adam, for a fixed number of steps."""
        mean = variance = np.zeros_like(theta)
        free = np.ones_like(theta)
        free[len(FOR)] = 0.0  # how common "none" is, is not to be pulled to zero
        for step in range(1, _STEPS + 1):
            slope = self._slope(theta) + PENALTY * free * theta
            mean, variance = 0.9 * mean + 0.1 * slope, 0.999 * variance + 0.001 * slope**2
            theta = theta - _RATE * (mean / (1 - 0.9**step)) / (np.sqrt(variance / (1 - 0.999**step)) + 1e-8)
        return theta

    def _slope(self, theta: Matrix) -> Matrix:
        scores = np.concatenate(
            [self._things @ theta[: len(FOR)], (self._none @ theta[len(FOR) :])[:, None]], axis=1
        )
        scores[~self._there] = -np.inf
        likely = np.exp(scores - scores.max(axis=1, keepdims=True))
        likely /= likely.sum(axis=1, keepdims=True)
        right = likely * self._right
        right /= np.maximum(right.sum(axis=1, keepdims=True), 1e-12)
        error = (likely - right) * self._counts[:, None]
        things = np.einsum("nk,nkf->f", error[:, :-1], self._things)
        return np.concatenate([things, error[:, -1] @ self._none]) / len(error)


def outcome(example: Example, weights: Weights) -> Verdict:
    """What the choice route makes of a sentence by these weights."""
    decision = decide(weigh(example.evidence, weights), example.evidence, example.actions, weights.thresholds)
    meaning: Meaning | None = None
    closed = [place for place in decision.places if not example.open[place]]
    if decision.step is not Step.LEAVE:
        asked = tuple(Option("", Do(example.actions[place])) for place in closed)
        waiting = () if closed else example.actions[decision.places[0]]
        meaning = Which("", asked, waiting)
        if decision.step is Step.ACT and closed:
            meaning = Do(example.actions[decision.places[0]])
    return judge(meaning, example.utterance)


def held_out(taught: Sequence[Example]) -> tuple[Thresholds, Counter[Verdict]]:
    """The thresholds that are best where each house is judged by weights from the others, and what comes of them."""
    fitted = {
        house: fit([each for each in taught if each.house != house])
        for house in sorted({e.house for e in taught})
    }
    tried = []
    for thresholds in (Thresholds(act, lead, ask) for act in _ACTS for lead in _LEADS for ask in _ASKS):
        found = Counter(outcome(each, Weights(*fitted[each.house], thresholds)) for each in taught)
        tried.append((_cost(found), thresholds, found))
    _, thresholds, found = min(tried, key=lambda each: each[0])
    return thresholds, found


def _cost(found: Counter[Verdict]) -> float:
    return sum(cost * found[verdict] for verdict, cost in _COSTS.items())


def written(sets: Mapping[str, Sequence[Example]]) -> str:
    """The text of the weights' file."""
    raw = {}
    for name, taught in sets.items():
        things, none = fit(taught)
        thresholds, found = held_out(taught)
        raw[name] = {
            "options": _rounded(zip(FOR, things, strict=True)),
            "none": _rounded(zip(NONE, none, strict=True)),
            "thresholds": {"act": thresholds.act, "lead": thresholds.lead, "ask": thresholds.ask},
        }
        told = {verdict.value: found[verdict] for verdict in Verdict}
        sys.stderr.write(f"{name}: {len(taught)} sentences, each house held out: {told}\n")
    return json.dumps(raw, indent=2) + "\n"


def _rounded(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    return {name: round(float(number), 3) for name, number in pairs}


def main(encoder: Encoder) -> None:
    """Write the file beside the code that reads it; half a minute."""
    with as_file(files(__package__).joinpath("development")) as folder:
        text = written(
            {
                "with_encoder": tuple(examples(folder, encoder)),
                "without_encoder": tuple(examples(folder, None)),
            }
        )
    with as_file(files("runtime.commands.choice").joinpath(WEIGHTS)) as path:
        path.write_text(text, encoding="utf-8")

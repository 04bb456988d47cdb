"""How much each piece of evidence counts: a conditional logit over the possible things and none of them.

P(thing) is exp(its evidence weighed) over the sum of all of these and of what speaks for none (McFadden, 1974). The
weights are in `weights.json`, made by `runtime.commands.evaluation.fit` from the sentences beside that; one set for use
with an encoder and one without.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np

from runtime.commands.choice.evidence import FOR, NONE, Evidence, Matrix

WEIGHTS: Final = "weights.json"
CONSIDERED: Final = 12
"""Possible things that are weighed against none: of all in a large house, small chances would make a large one."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What is done at which probability."""

    act: float
    """At least so likely: it is done."""
    lead: float
    """And so much likelier than the next that is of another value or device."""
    ask: float
    """At least so likely that it is any of them: a question back; else a refusal."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A model, as it was fitted."""

    options: Matrix
    """[len(FOR)]"""
    none: Matrix
    """[len(NONE)]"""
    thresholds: Thresholds


@dataclass(frozen=True, slots=True)
class Weighed:
    """The likeliest things, in order, with their probabilities, and that of none."""

    places: tuple[int, ...]
    """In the evidence's order of possible things."""
    likely: tuple[float, ...]
    none: float


def weigh(evidence: Evidence, weights: Weights) -> Weighed:
    """Probabilities of the few that have most evidence."""
    scores = evidence.options @ weights.options
    order = np.argsort(-scores, kind="stable")[:CONSIDERED]
    logits = np.append(scores[order], evidence.none @ weights.none)
    chances = np.exp(logits - logits.max())
    chances /= chances.sum()
    return Weighed(tuple(int(place) for place in order), tuple(map(float, chances[:-1])), float(chances[-1]))


@cache
def shipped(*, encoder: bool) -> Weights:
    """The weights that come with the package."""
    raw = json.loads(files(__package__).joinpath(WEIGHTS).read_text(encoding="utf-8"))
    return read(raw["with_encoder" if encoder else "without_encoder"])


def read(raw: Mapping[str, Mapping[str, float]]) -> Weights:
    """One set out of the file; evidence that it does not name counts nothing."""
    return Weights(
        np.array([raw["options"].get(name, 0.0) for name in FOR]),
        np.array([raw["none"].get(name, 0.0) for name in NONE]),
        Thresholds(**raw["thresholds"]),
    )

"""The choice route: what no template covers, weighed against all that the house can do, and against none of it.

Knows the order of the steps. Never answers in a value outside a device's domain, and never does what was not said: see
`runtime.commands.choice.decide`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from runtime.commands.choice.cues import said
from runtime.commands.choice.decide import Decision, Step, decide
from runtime.commands.choice.evidence import Evidence, gather
from runtime.commands.choice.looked import Looked
from runtime.commands.choice.model import Weighed, Weights, shipped, weigh
from runtime.commands.choice.realise import is_open, realise
from runtime.commands.language.negation import negated
from runtime.commands.language.normalise import plain
from runtime.commands.language.quantities import Quantity, digits, quantities
from runtime.commands.meaning import Action, Candidate, Cannot, Do, Meaning, Option, Reason, Route, Which
from runtime.commands.registry.devices import Range
from runtime.commands.registry.house import House
from runtime.commands.sentence import Memory, Reading, Sentence
from runtime.commands.shortlist.likeness import Encoder
from runtime.commands.shortlist.naming import Heard
from runtime.commands.shortlist.possible import Possible
from runtime.commands.shortlist.shortlist import Shortlist, Shortlists
from runtime.commands.shortlist.words import characters
from runtime.commands.wording.describe import either, limits, proposal, the
from runtime.commands.wording.speak import say

_SHOWN: Final = 5
"""Candidates that an explanation has."""
_LONGEST: Final = 400
"""Characters: what is longer is no command."""


@dataclass(frozen=True, slots=True)
class Considered:
    """One sentence, weighed."""

    shortlist: Shortlist
    text: str
    """In small letters, its numbers in digits."""
    quantities: tuple[Quantity, ...]
    evidence: Evidence
    weights: Weights

    def weighed(self) -> Weighed:
        """Probabilities."""
        return weigh(self.evidence, self.weights)

    def actions(self, house: House) -> tuple[tuple[Action, ...], ...]:
        """What each possible thing would be, as the house is now."""
        return tuple(realise(each, self.text, self.quantities, house) for each in self.shortlist.possible)


class Choice:
    """Understands freely worded commands, asks back where two are near, and refuses what is none."""

    name = "choice"

    def __init__(self, encoder: Encoder | None) -> None:
        """Without an encoder, words alone decide; with one, English sentences are compared by meaning, too."""
        self._shortlists = Shortlists(encoder)

    async def read(self, sentence: Sentence, house: House, memory: Memory) -> Reading | None:
        """What the sentence most likely means, or a question back, or why it is nothing; never None for long words."""
        del memory
        if not sentence.text.strip() or len(sentence.text) > _LONGEST:
            return None
        return await asyncio.to_thread(self._read, sentence, house)

    def consider(self, sentence: Sentence, house: House) -> Considered:
        """Gather the evidence, and choose the weights that go with it."""
        shortlist = self._shortlists.of(house)
        language = sentence.language
        text = digits(plain(sentence.text, language), language)
        found = tuple(quantity for _, quantity in quantities(text))
        foreign = bool(characters(text))
        likeness = None if foreign or shortlist.space is None else shortlist.space.likeness(sentence.text)
        looked = Looked(
            sentence,
            Heard.of(text),
            said(shortlist.naming.without_names(text), shortlist.values, sentence.text),
            found,
            negated(sentence.text, language, house),
            shortlist.naming,
            likeness,
        )
        evidence = gather(looked, shortlist.possible)
        return Considered(shortlist, text, found, evidence, shipped(encoder=likeness is not None))

    def _read(self, sentence: Sentence, house: House) -> Reading:
        considered = self.consider(sentence, house)
        weighed, actions = considered.weighed(), considered.actions(house)
        decision = decide(weighed, considered.evidence, actions, considered.weights.thresholds)
        language = sentence.language
        meaning = _meaning(decision, considered, actions, house, language)
        likeliest = tuple(zip(weighed.places, weighed.likely, strict=True))[:_SHOWN]
        candidates = tuple(_candidate(actions[place], likely, house, language) for place, likely in likeliest)
        return Reading(meaning, Route.CHOICE, round(decision.confidence, 3), candidates)


def _meaning(
    decision: Decision,
    considered: Considered,
    actions: Sequence[tuple[Action, ...]],
    house: House,
    language: str,
) -> Meaning:
    possible = considered.shortlist.possible
    match decision.step:
        case Step.LEAVE if considered.evidence.is_not_wanted:
            return Cannot(Reason.NOT_WANTED, say("refused.not_wanted", language))
        case Step.LEAVE:
            return Cannot(Reason.OUT_OF_SCOPE, say("refused.out_of_scope", language))
        case Step.ACT:
            (place,) = decision.places
            if is_open(actions[place], possible[place]):
                return how_much(possible[place], actions[place], house, language)
            return Do(actions[place])
        case Step.ASK:
            closed = [place for place in decision.places if not is_open(actions[place], possible[place])]
            if not closed:
                place = decision.places[0]
                return how_much(possible[place], actions[place], house, language)
            return which([actions[place] for place in closed], house, language)


def how_much(possible: Possible, actions: tuple[Action, ...], house: House, language: str) -> Which:
    """Ask for the number that is missing."""
    domain = possible.capability.domain
    low, high = limits(domain) if isinstance(domain, Range) else ("", "")
    device = the(possible.devices[0], house, language)
    return Which(say("asked.how_much", language, device=device, low=low, high=high), (), actions)


def which(meant: Sequence[tuple[Action, ...]], house: House, language: str) -> Which:
    """Ask which of these is meant; of one, whether it is."""
    if len(meant) == 1:
        what = proposal(meant[0], house, language)
        return Which(say("asked.confirm", language, what=what), (Option(what, Do(meant[0])),))
    labels = _labels(meant, house, language)
    options = tuple(Option(label, Do(actions)) for label, actions in zip(labels, meant, strict=True))
    return Which(say("asked.which", language, options=either(labels, language)), options)


def _labels(meant: Sequence[tuple[Action, ...]], house: House, language: str) -> list[str]:
    """The devices where that is all that differs, else what would be done."""
    same = (
        len({tuple(dict.fromkeys((each.capability, each.value) for each in actions)) for actions in meant})
        == 1
    )
    alone = all(len(actions) == 1 for actions in meant)
    if same and alone:
        labels = [the(house.devices[actions[0].device], house, language) for actions in meant]
        if len(set(labels)) == len(labels):
            return labels
    return [proposal(actions, house, language) for actions in meant]


def _candidate(actions: tuple[Action, ...], likely: float, house: House, language: str) -> Candidate:
    return Candidate(
        proposal(actions, house, language), round(likely, 4), actions[0] if len(actions) == 1 else None
    )

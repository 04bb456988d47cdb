"""The choice route: what no template covers, weighed against all that the house can do, and against none of it.

Knows the order of the steps. Never answers in a value outside a device's domain, and never does what was not said: see
`runtime.commands.choice.decide`.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from runtime.commands.choice.cues import said
from runtime.commands.choice.decide import Decision, Step, decide
from runtime.commands.choice.evidence import Evidence, gather
from runtime.commands.choice.looked import Looked
from runtime.commands.choice.model import Weighed, Weights, shipped, weigh
from runtime.commands.choice.offered import offered
from runtime.commands.choice.realise import fitting, is_open, realise
from runtime.commands.choice.slots import Slots
from runtime.commands.language.negation import negated
from runtime.commands.language.normalise import plain
from runtime.commands.language.quantities import Quantity, digits, quantities
from runtime.commands.meaning import Action, Candidate, Cannot, Do, Meaning, Option, Reason, Route, Which
from runtime.commands.registry.devices import Capability, Device, Options, Range, Value
from runtime.commands.registry.house import House
from runtime.commands.sentence import Memory, Reading, Sentence
from runtime.commands.shortlist.likeness import Encoder
from runtime.commands.shortlist.naming import Heard
from runtime.commands.shortlist.possible import Aim, Possible
from runtime.commands.shortlist.shortlist import Shortlist, Shortlists
from runtime.commands.shortlist.words import characters
from runtime.commands.wording.describe import either, limits, proposal, the
from runtime.commands.wording.speak import say
from runtime.completion import Completer
from runtime.limits import COMMAND_LETTERS

_SHOWN: Final = 5
"""Candidates that an explanation has."""
_SAID_BY_VERBS: Final = frozenset({"state", "power"})
"""What is opened, locked or started is said by the verb, which evidence has read already."""


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

    def __init__(self, encoder: Encoder | None, completer: Completer | None = None) -> None:
        """Without an encoder, words alone decide; with one, English sentences are compared by meaning, too.

        With a completer it is asked which value is meant where several were said; without one the person is.
        """
        self._shortlists = Shortlists(encoder)
        self._slots = None if completer is None else Slots(completer)

    async def read(self, sentence: Sentence, house: House, memory: Memory) -> Reading | None:
        """What the sentence most likely means, or a question back, or why it is nothing; never None for long words."""
        del memory
        if not sentence.text.strip() or len(sentence.text) > COMMAND_LETTERS:
            return None
        found = await asyncio.to_thread(self._found, sentence, house)
        filled = None if self._slots is None else await _filled(self._slots, found)
        return filled or found.reading()

    def consider(self, sentence: Sentence, house: House) -> Considered:
        """Gather the evidence, and choose the weights that go with it."""
        shortlist = self._shortlists.of(house)
        language = sentence.language
        text = digits(plain(sentence.text, language), language)
        found = _whole(quantities(text))
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

    def _found(self, sentence: Sentence, house: House) -> "_Found":
        considered = self.consider(sentence, house)
        weighed, actions = considered.weighed(), considered.actions(house)
        decision = decide(weighed, considered.evidence, actions, considered.weights.thresholds)
        return _Found(considered, weighed, actions, decision, house, sentence.language)


@dataclass(frozen=True, slots=True)
class _Gap:
    """A device and a capability that are sure, and a value that is not."""

    device: Device
    capability: Capability
    said: Mapping[str, Value]
    """The values that were said and would fit, as they stand in the sentence: more than one."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What is made of one sentence by words and likeness alone."""

    considered: Considered
    weighed: Weighed
    actions: Sequence[tuple[Action, ...]]
    decision: Decision
    house: House
    language: str

    def reading(self) -> Reading:
        """As it stands."""
        meaning = _meaning(self.decision, self.considered, self.actions, self.house, self.language)
        likeliest = tuple(zip(self.weighed.places, self.weighed.likely, strict=True))[:_SHOWN]
        candidates = tuple(
            _candidate(self.actions[place], likely, self.house, self.language) for place, likely in likeliest
        )
        return Reading(meaning, Route.CHOICE, round(self.decision.confidence, 3), candidates)

    def gap(self) -> _Gap | None:
        """The value that is all that is missing."""
        asked = [self.considered.shortlist.possible[place] for place in self.decision.places]
        if not any(map(self.considered.evidence.is_said, self.decision.places)):
            return None
        if any(each.several for each in asked):
            return None
        if len({(each.devices[0].id, each.capability.name) for each in asked}) > 1:
            return None
        device, capability = asked[0].devices[0], asked[0].capability
        said = self._said(capability, asked[0])
        return _Gap(device, capability, said) if len(said) > 1 else None

    def _said(self, capability: Capability, possible: Possible) -> Mapping[str, Value]:
        """The values of a capability that are in the sentence."""
        considered = self.considered
        match capability.domain:
            case Range() as domain if possible.aim is Aim.NUMBER:
                numbers = fitting(considered.quantities, domain, capability.name)
                return {f"{number:g}": number for number in numbers}
            case Options(values) if capability.name not in _SAID_BY_VERBS and not considered.quantities:
                grounds = f" {considered.shortlist.naming.without_names(considered.text)} "
                return {value: value for value in values if f" {value.replace('_', ' ')} " in grounds}
            case _:
                return {}


async def _filled(slots: Slots, found: _Found) -> Reading | None:
    """What the model makes of a value that words leave open; None where there is none or it cannot tell."""
    gap = found.gap()
    if gap is None:
        return None
    name, text = gap.device.name, found.considered.text
    picked = await slots.pick(text, name, tuple(gap.said))
    value = None if picked is None else gap.said[picked]
    if value is None or gap.capability.domain.check(value) is not None:
        return None
    meaning = Do((Action(gap.device.id, gap.capability.name, value),))
    return replace(found.reading(), meaning=meaning, route=Route.SLOTS)


def _whole(pairs: Iterable[tuple[str, Quantity]]) -> tuple[Quantity, ...]:
    """Quantities without those that are a part of a fraction: the 2 of `2 thirds`, the half of `half way`."""
    listed = list(pairs)
    parts = [said for said, each in listed if each.unit == "of"]
    return tuple(each for said, each in listed if not any(said != part and said in part for part in parts))


def _meaning(
    decision: Decision,
    considered: Considered,
    actions: Sequence[tuple[Action, ...]],
    house: House,
    language: str,
) -> Meaning:
    possible = considered.shortlist.possible
    match decision.step:
        case Step.LEAVE:
            return _left(considered.evidence, language)
        case Step.ACT:
            (place,) = decision.places
            doubtful = _dangerous(actions[place], possible[place]) and not considered.evidence.is_plain(place)
            if is_open(actions[place], possible[place]):
                return how_much(possible[place], actions[place], house, language)
            return which([actions[place]], house, language) if doubtful else Do(actions[place])
        case Step.ASK:
            closed = [place for place in decision.places if not is_open(actions[place], possible[place])]
            if not closed:
                place = decision.places[0]
                return how_much(possible[place], actions[place], house, language)
            return which([actions[place] for place in closed], house, language)


def _left(evidence: Evidence, language: str) -> Cannot:
    """Why nothing is done."""
    if evidence.is_not_wanted:
        return Cannot(Reason.NOT_WANTED, say("refused.not_wanted", language))
    if evidence.missing:
        text = say("refused.no_such_device", language, what=evidence.missing)
        return Cannot(Reason.NO_SUCH_DEVICE, text)
    return Cannot(Reason.OUT_OF_SCOPE, say("refused.out_of_scope", language))


def _dangerous(actions: Sequence[Action], possible: Possible) -> bool:
    """Whether the policy would have it confirmed; what was not said plainly is asked about before that."""
    return any(possible.capability.is_dangerous(action.value) for action in actions)


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
    options = offered(meant, house, language)
    labels = [each.label for each in options]
    return Which(say("asked.which", language, options=either(labels, language)), options)


def _candidate(actions: tuple[Action, ...], likely: float, house: House, language: str) -> Candidate:
    return Candidate(
        proposal(actions, house, language), round(likely, 4), actions[0] if len(actions) == 1 else None
    )

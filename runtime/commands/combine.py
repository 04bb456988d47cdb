"""The clauses of one sentence together: done whole, asked about whole, or not done at all."""

from collections.abc import Sequence
from dataclasses import replace

from runtime.commands.meaning import Action, Cannot, Do, Option, Reason, Route, Tell, Which
from runtime.commands.sentence import Reading
from runtime.commands.wording.speak import say

_BY_CERTAINTY = tuple(Route)


def combined(clauses: Sequence[str], readings: Sequence[Reading], language: str) -> Reading:
    """One reading of several, in the order they were said.

    What is not wanted is left out where it comes behind a command; before one, it may speak of both.
    """
    if not is_not_wanted(readings[0]):
        kept = [place for place, reading in enumerate(readings) if not is_not_wanted(reading)]
        clauses, readings = [clauses[place] for place in kept], [readings[place] for place in kept]
    for clause, reading in zip(clauses, readings, strict=True):
        if isinstance(reading.meaning, Cannot):
            cannot = reading.meaning
            text = say("heard.not_that_part", language, part=clause, why=cannot.text)
            return replace(reading, meaning=Cannot(cannot.reason, text))
    meanings = [reading.meaning for reading in readings]
    meaning: Do | Tell | Which | Cannot
    if all(isinstance(each, Tell) for each in meanings):
        meaning = _told([each for each in meanings if isinstance(each, Tell)])
    elif all(isinstance(each, Do) for each in meanings):
        meaning = _done([each for each in meanings if isinstance(each, Do)], language)
    else:
        meaning = _asked(readings, language)
    return Reading(
        meaning,
        max((each.route for each in readings), key=_BY_CERTAINTY.index),
        min(each.confidence for each in readings),
        tuple(candidate for each in readings for candidate in each.candidates),
    )


def is_not_wanted(reading: Reading) -> bool:
    """Whether it says that something is not to be done."""
    return isinstance(reading.meaning, Cannot) and reading.meaning.reason is Reason.NOT_WANTED


def _told(tells: Sequence[Tell]) -> Tell:
    return Tell(
        " ".join(each.text for each in tells),
        tuple(dict.fromkeys(device for each in tells for device in each.about)),
    )


def _done(does: Sequence[Do], language: str) -> Do | Cannot:
    """All of them at one time; a sentence that takes back what it said is not followed."""
    if len({each.after_s for each in does}) > 1:
        return Cannot(Reason.NOT_UNDERSTOOD, say("heard.one_at_a_time", language))
    values: dict[tuple[str, str], Action] = {}
    for action in (action for each in does for action in each.actions):
        before = values.setdefault((action.device, action.capability), action)
        if before.value != action.value:
            return Cannot(Reason.NOT_UNDERSTOOD, say("heard.contradicts", language))
    return Do(tuple(values.values()), does[0].after_s)


def _asked(readings: Sequence[Reading], language: str) -> Which | Cannot:
    """One clause asks back: each of its answers brings the other clauses along."""
    asking = [place for place, each in enumerate(readings) if isinstance(each.meaning, Which)]
    rest = [each.meaning for each in readings if not isinstance(each.meaning, Which)]
    if len(asking) != 1 or not all(isinstance(each, Do) for each in rest):
        return Cannot(Reason.NOT_UNDERSTOOD, say("heard.one_at_a_time", language))
    which = readings[asking[0]].meaning
    assert isinstance(which, Which)  # noqa: S101  for the type checker: that is what `asking` holds
    if which.waiting:
        return Cannot(Reason.NOT_UNDERSTOOD, say("heard.one_at_a_time", language))
    options = []
    for option in which.options:
        meanings = [option.meaning if each.meaning is which else each.meaning for each in readings]
        whole = _done([each for each in meanings if isinstance(each, Do)], language)
        if isinstance(whole, Do):
            options.append(Option(option.label, whole))
    if not options:
        return Cannot(Reason.NOT_UNDERSTOOD, say("heard.contradicts", language))
    return replace(which, options=tuple(options))

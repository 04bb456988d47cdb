"""Was it right? A meaning held against what would have been right. Values in, a verdict out."""

from enum import StrEnum
from typing import assert_never

from runtime.commands.evaluation.utterances import Answer, Utterance, Wanted, Word
from runtime.commands.meaning import Action, CancelPlanned, Cannot, Do, Meaning, Tell, TellPlanned, Which

_SECOND = 1.0


class Verdict(StrEnum):
    """What came of an utterance."""

    RIGHT = "right"
    CLARIFIED = "clarified"
    """Asked back, with what is right among the answers."""
    AMISS = "asked amiss"
    """Asked back, without it."""
    REFUSED = "refused"
    """Nothing was done where something was wanted: harmless, and no help."""
    TOLD = "told"
    """Words where none were wanted: harmless."""
    WRONG = "WRONG"
    """Something would have been done that was not said."""


def judge(meaning: Meaning | None, utterance: Utterance) -> Verdict:
    """Hold a meaning, or None where no stage had one, against an utterance's answers."""
    if any(_is(meaning, answer, utterance) for answer in utterance.answers):
        return Verdict.RIGHT
    match meaning:
        case Do() | CancelPlanned():
            return Verdict.WRONG
        case Which():
            within = any(_offers(meaning, answer) for answer in utterance.answers)
            return Verdict.CLARIFIED if within else Verdict.AMISS
        case Tell() | TellPlanned():
            return Verdict.TOLD
        case Cannot() | None:
            return Verdict.REFUSED
        case _:
            assert_never(meaning)


def _is(meaning: Meaning | None, answer: Answer, utterance: Utterance) -> bool:
    match answer:
        case Word.CLARIFY:
            return isinstance(meaning, Which)
        case Word.REFUSE:
            return meaning is None or isinstance(meaning, Cannot | Tell | TellPlanned)
        case Word.TELL:
            return isinstance(meaning, Tell) and set(utterance.about) <= set(meaning.about)
        case Word.CANCEL:
            return isinstance(meaning, CancelPlanned)
        case tuple():
            late = isinstance(meaning, Do) and abs(meaning.after_s - utterance.after_s) < _SECOND
            return isinstance(meaning, Do) and late and matches(meaning.actions, answer)
        case _:
            assert_never(answer)


def matches(actions: tuple[Action, ...], wanted: tuple[Wanted, ...]) -> bool:
    """Whether these are just the actions that are wanted, in any order."""
    return all(any(each.allows(action) for action in actions) for each in wanted) and all(
        any(each.allows(action) for each in wanted) for action in actions
    )


def _offers(which: Which, answer: Answer) -> bool:
    """Whether an answer to the question leads to what is wanted."""
    if not isinstance(answer, tuple):
        return False
    if any(matches(option.meaning.actions, answer) for option in which.options):
        return True
    open_ones = {(action.device, action.capability) for action in which.waiting}
    return bool(open_ones) and {(each.device, each.capability) for each in answer} <= open_ones

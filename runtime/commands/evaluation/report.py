"""Outcomes as figures: shares by kind and by route, milliseconds by stage, and every wrong action in full.

Sentences of kind `template` are counted apart: a set is not made easier by having more of them.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from runtime.commands.evaluation.judge import Verdict
from runtime.commands.evaluation.run import Outcome
from runtime.commands.evaluation.utterances import Answer, Word
from runtime.commands.meaning import CancelPlanned, Cannot, Do, Meaning, Tell, TellPlanned, Which

COLUMNS: Final = ("", "n", *(verdict.value for verdict in Verdict))


def figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Everything, for a program."""
    exact = [each for each in outcomes if each.utterance.kind == "template"]
    free = [each for each in outcomes if each.utterance.kind != "template"]
    foreign = [each for each in free if each.utterance.kind == "out_of_scope"]
    return {
        "utterances": len(outcomes),
        "templates_right": _share(exact, Verdict.RIGHT) if exact else None,
        "own_worded": len(free),
        "shares": {verdict.value: _share(free, verdict) for verdict in Verdict},
        "right_or_clarified": _share(free, Verdict.RIGHT, Verdict.CLARIFIED),
        "out_of_scope_refused": _share(foreign, Verdict.RIGHT, Verdict.TOLD) if foreign else None,
        "by_kind": _by(outcomes, lambda each: each.utterance.kind),
        "by_route": _by(outcomes, lambda each: each.found.route.value),
        "by_language": _by(outcomes, lambda each: each.utterance.language),
        "ms": _times(outcomes),
        "wrong": [_told(each) for each in outcomes if each.verdict is Verdict.WRONG],
        "missed": [
            _told(each) for each in outcomes if each.verdict in {Verdict.REFUSED, Verdict.AMISS, Verdict.TOLD}
        ],
    }


def table(found: dict[str, Any]) -> Iterator[str]:
    """The same in lines, for a person."""
    for heading in ("kind", "route", "language"):
        yield _line([heading, *COLUMNS[1:]])
        for name, counts in found[f"by_{heading}"].items():
            yield _line([name, *(str(counts[column]) for column in COLUMNS[1:])])
        yield ""
    if found["templates_right"] is not None:
        yield f"templates right {found['templates_right']:.1%}; below are the {found['own_worded']} others"
    shares = found["shares"]
    yield f"right or clarified {found['right_or_clarified']:.1%} (clarified {shares['clarified']:.1%})"
    if found["out_of_scope_refused"] is not None:
        yield f"out of scope refused {found['out_of_scope_refused']:.1%}"
    yield f"wrong action {shares['WRONG']:.2%}"
    yield ""
    yield _line(["ms", "p50", "p95", "most", "n"])
    for stage, times in found["ms"].items():
        yield _line([stage, *(f"{times[name]:.1f}" for name in ("p50", "p95", "most")), str(times["n"])])
    for each in found["wrong"]:
        yield ""
        yield f"WRONG {each['id']}: {each['text']}"
        yield f"  {each['route']} did {each['found']}; right would be {' or '.join(each['right'])}"


def _line(cells: Sequence[str]) -> str:
    first, *others = cells
    return f"{first:<16}" + "".join(f"{cell:>13}" for cell in others)


def _share(outcomes: Sequence[Outcome], *verdicts: Verdict) -> float:
    return sum(each.verdict in verdicts for each in outcomes) / len(outcomes) if outcomes else 0.0


def _by(outcomes: Sequence[Outcome], key: Callable[[Outcome], str]) -> dict[str, dict[str, int]]:
    groups: defaultdict[str, Counter[Verdict]] = defaultdict(Counter)
    for each in outcomes:
        groups[key(each)][each.verdict] += 1
    return {
        name: {"n": counts.total(), **{verdict.value: counts[verdict] for verdict in Verdict}}
        for name, counts in sorted(groups.items())
    }


def _times(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float]]:
    stages: defaultdict[str, list[float]] = defaultdict(list)
    for each in outcomes:
        stages["all"].append(each.ms)
        for stage, ms in each.found.ms.items():
            stages[stage].append(ms)
    return {stage: _percentiles(sorted(times)) for stage, times in stages.items()}


def _percentiles(times: Sequence[float]) -> dict[str, float]:
    last = len(times) - 1
    return {
        "p50": round(times[last // 2], 2),
        "p95": round(times[round(last * 0.95)], 2),
        "most": round(times[last], 2),
        "n": len(times),
    }


def _told(each: Outcome) -> dict[str, Any]:
    return {
        "id": each.utterance.id,
        "text": each.utterance.text,
        "verdict": each.verdict.value,
        "route": each.found.route.value,
        "confidence": round(each.found.confidence, 3),
        "found": shown(each.found.meaning),
        "right": [_answer(answer) for answer in each.utterance.answers],
    }


def shown(meaning: Meaning) -> str:
    """A meaning in a few words."""
    match meaning:
        case Do(actions, after_s):
            return ", ".join(map(str, actions)) + (f" after {after_s:g} s" if after_s else "")
        case Which(question, options):
            return f"asked: {question} ({len(options)})"
        case Cannot(reason):
            return f"refused: {reason}"
        case Tell(text):
            return f"told: {text}"
        case CancelPlanned():
            return "cancelled what was planned"
        case TellPlanned():
            return "told what is planned"


def _answer(answer: Answer) -> str:
    return answer.value if isinstance(answer, Word) else ", ".join(map(str, answer))

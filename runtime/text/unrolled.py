"""How long a run of letters a pattern may leave no choice in, repeats unrolled; never less than it is. Pure.

Reads only as much of the two notations as that needs: what is malformed is for the library to refuse that compiles
them. https://docs.rs/regex/latest/regex/#syntax, https://lark-parser.readthedocs.io/en/stable/grammar.html
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from runtime.errors import IngleError

DEFINITIONS: Final = 1000
"""Most rules and terminals of a grammar."""
_NESTED: Final = 100
"""Deepest that terminals may name terminals."""

_REGEX: Final = re.compile(
    r"(?P<atom>\\(?:[pPxuU]\{[^}]*\}|.)|\[\^?\]?(?:\\.|\[:[^\]]*:\]|[^\\\]])*\])"
    r"|\{(?P<least>\d+)(?:,\d*)?\}|(?P<loose>[*+?])|(?P<sign>[|)]|\((?:\?(?:P?<\w+>|[a-zA-Z-]*:?))?)|.",
    re.DOTALL,
)
_LARK: Final = re.compile(
    r"""
      (?://|\#)[^\n]*
    | (?P<string>"(?:\\.|[^"\\\n])*"i?)
    | (?P<regex>/(?:\\.|\[\^?\]?(?:\\.|[^\]\\\n])*\]|[^/\\\n])+/)
    | %(?P<directive>\w+)
    | (?:\{\s*|~\s*)(?P<least>\d+)(?:\s*\.\.\s*\d+)?
    | (?P<special><)
    | (?P<meeting>[&~])
    | (?P<name>\w+)(?P<defines>(?:\s*\.\s*-?\d+)?\s*(?:\[[^\]\n]*\])?\s*:)?
    | (?P<sign>[(\[|\])])
    """,
    re.VERBOSE,
)

_Sign = Literal["(", "|", ")"]
_Item = float | _Sign | tuple[Literal["times"], float]
"""Letters, a sign, or how often what stands before has to come."""


@dataclass(frozen=True, slots=True)
class _Name:
    """What is defined elsewhere."""

    text: str


class LarkError(IngleError):
    """A grammar uses what is not taken from callers. The message goes on from "the grammar"."""


def regex_run(pattern: str) -> float:
    """The longest run in a match of `pattern`."""
    return _longest(_regex_items(pattern))


def lark_run(grammar: str) -> float:
    """The longest run in one terminal, or string, of `grammar`; what rules make of these the library counts.

    Raises:
        LarkError: it has directives, tokens by name, patterns that have to hold at once, or too many definitions.
    """
    definitions: dict[str, list[_Item | _Name]] = {}
    items: list[_Item | _Name] = []
    for match in _LARK.finditer(grammar):
        if match["defines"]:
            items = definitions.setdefault(match["name"], [])
        elif (item := _lark_item(match)) is not None:
            items.append(item)
    if len(definitions) > DEFINITIONS:
        raise LarkError(
            f"has {len(definitions)} definitions, at most {DEFINITIONS} are taken; send a smaller one"
        )
    runs: dict[str, float] = {}
    for name in definitions:
        runs[name] = _resolved(name, definitions, runs, 0)
    return max(runs.values(), default=0.0)


def _regex_items(pattern: str) -> Iterator[_Item]:
    for match in _REGEX.finditer(pattern):
        if match["least"]:
            yield "times", _number(match["least"])
        elif match["sign"]:
            yield _sign(match["sign"])
        elif not match["loose"]:
            yield 1.0


def _lark_item(match: re.Match[str]) -> _Item | _Name | None:
    if directive := match["directive"]:
        if directive not in {"import", "ignore"}:
            raise LarkError(f'uses "%{directive}", which is not taken from callers; use rules and terminals')
        return None
    if match["special"]:
        raise LarkError("has an angle bracket: tokens by name are the chat template's to write; use strings")
    if match["meeting"]:
        raise LarkError(
            f'has "{match[0]}": patterns that have to hold at once cost too much; use one pattern'
        )
    if match["string"]:
        return float(len(match["string"]))
    if match["regex"]:
        return regex_run(match["regex"])
    if match["least"]:
        return "times", _number(match["least"])
    if match["sign"]:
        return _sign(match["sign"].translate(str.maketrans("[]", "()")))
    return _Name(match["name"]) if match["name"] else None


def _sign(text: str) -> _Sign:
    return "(" if text[0] == "(" else ")" if text == ")" else "|"


def _resolved(
    name: str, definitions: dict[str, list[_Item | _Name]], runs: dict[str, float], depth: int
) -> float:
    """A definition's run. In terminals the names of terminals are unrolled; where those go round it has no end."""
    if name in runs:
        return runs[name]
    if depth > _NESTED:
        return math.inf
    if name.isupper():
        runs[name] = math.inf
    items: list[_Item] = []
    for item in definitions.get(name, ()):
        if not isinstance(item, _Name):
            items.append(item)
        elif name.isupper():
            items.append(_resolved(item.text, definitions, runs, depth + 1))
    runs[name] = (
        _longest(items) if name.isupper() else max((i for i in items if isinstance(i, float)), default=0.0)
    )
    return runs[name]


def _longest(items: Iterable[_Item]) -> float:
    """Of alternatives the longest, of what comes one after the other the sum."""
    stack: list[tuple[float, list[float]]] = [(0.0, [0.0])]
    for item in items:
        best, sequence = stack[-1]
        match item:
            case float():
                sequence.append(item)
            case ("times", times):
                sequence[-1] *= max(1.0, times)
            case "(":
                stack.append((0.0, [0.0]))
            case "|":
                stack[-1] = (max(best, sum(sequence)), [0.0])
            case _:
                if len(stack) > 1:
                    stack.pop()
                    stack[-1][1].append(max(best, sum(sequence)))
    return max(max(best, sum(sequence)) for best, sequence in stack)


def _number(digits: str) -> float:
    return float(digits[:18])

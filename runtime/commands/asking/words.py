"""The words of questions: `words.toml`, read once. Knows no house."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

Patterns = Mapping[str, re.Pattern[str]]


@dataclass(frozen=True, slots=True)
class Words:
    """What one language asks with."""

    says: Patterns
    """By what it says: `opens`, `never`, `which`."""
    states: Patterns
    verbs: Patterns
    """States that a verb leads to, where it asks what somebody did: `close`."""
    turned: Patterns
    aspects: Patterns
    filler: re.Pattern[str]
    """What says nothing of what is asked."""

    def taken(self, what: Patterns, text: str) -> tuple[tuple[str, ...], str]:
        """Which of these are in a text, and the text without them."""
        found = []
        for name, pattern in what.items():
            text, count = pattern.subn(" ", text)
            if count:
                found.append(name)
        return tuple(found), text


@cache
def words(language: str) -> Words | None:
    """The words of a language; None where questions are not known in it."""
    raw = tomllib.loads(files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))
    name = language.split("-", maxsplit=1)[0].casefold()
    return _words(raw[name], spaced=name != "zh") if name in raw else None


def _words(raw: Mapping[str, Any], *, spaced: bool) -> Words:
    fillers = sorted(raw["fillers"]["words"].split(), key=len, reverse=True)
    either = "|".join(map(re.escape, fillers))
    says = {name: pattern.replace("\\ ", " ") for name, pattern in raw.items() if isinstance(pattern, str)}
    return Words(
        {name: re.compile(pattern) for name, pattern in says.items()},
        _joined(raw["states"]),
        _joined(raw["verbs"]),
        _joined(raw["turned"]),
        _joined(raw["aspects"]),
        re.compile(rf"(?<![\w'])(?:{either})(?![\w'])|'s\b|[^\w\s]" if spaced else either),
    )


def _joined(raw: Mapping[str, list[str]]) -> Patterns:
    return {name: re.compile("|".join(patterns)) for name, patterns in raw.items()}

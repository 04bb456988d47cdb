"""Which words of a sentence say towards what, about what, and whether it is a command: `cues.toml`, read once."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from runtime.commands.language.negation import without_meant
from runtime.commands.registry.devices import Kind
from runtime.commands.shortlist.possible import Possible
from runtime.commands.shortlist.words import characters, plain, words

Patterns = tuple[re.Pattern[str], ...]

OPPOSITES: Final[Mapping[str, str]] = {
    one: other
    for pair in (
        ("on", "off"),
        ("open", "closed"),
        ("locked", "unlocked"),
        ("more", "less"),
        ("most", "least"),
    )
    for one, other in (pair, pair[::-1])
}
_STARTS: Final = frozenset({"heat", "cool", "auto", "cleaning", "press"})
"""What `on` says, too, where there is no switch."""
_ENDS: Final = frozenset({"off", "docked", "paused", "stopped"})
_BY_DEGREES: Final = frozenset({"more", "less", "most", "least"})
_VAGUE: Final = _BY_DEGREES | {"press", "dry", "cleaning", "home", "away", "high", "low", "medium"}
"""What many words say besides."""
_OFTEN: Final = frozenset({"power", "state", "position"})
"""What words are about that are about much else."""
_PARTS: Final = re.compile(r"[,;，；、]|\b(?:and|then)\b")
_PIECES: Final = re.compile(r"[.!?;,]\s+")
_REPORTS: Final = re.compile(
    r"\b(said|says|told|tells|asked|asks|claims?|claimed|mentioned|wrote|writes|according|thinks|reckons|suggests|"
    r"book|story|movie|film|song|dream\w*|always|usually|often|every|each)\b"
)
"""What follows such a word may be what somebody else said."""
_AS_SWITCH: Final[Mapping[str, str]] = {"open": "on", "closed": "off"}
"""Water is turned on and off."""
_MAYBE: Final = 0.4
_STARTED: Final = 0.7
_SENTENCE: Final = re.compile(r"[.!?;]\s+")
_LONGEST: Final = 600
"""Characters that are looked at: expressions take time by the length."""


@dataclass(frozen=True, slots=True)
class _Towards:
    sure: Patterns
    maybe: Patterns


@dataclass(frozen=True, slots=True)
class _Cues:
    """Of one language."""

    towards: Mapping[str, _Towards]
    about: Mapping[str, Patterns]
    whether: Mapping[str, Patterns]


@dataclass(frozen=True, slots=True)
class Said:
    """What the words of one sentence say; each from 0 to 1."""

    towards: Mapping[str, float]
    about: frozenset[str]
    """Names of capabilities."""
    whether: Mapping[str, bool]
    rest: str
    """The sentence without the words that said something surely."""

    @property
    def needs_light(self) -> bool:
        """Whether it is dark somewhere."""
        return self.whether.get("dark", False)

    def wants(self, possible: Possible) -> float:
        """How much is said for where a possible thing leads."""
        towards = possible.towards
        own = self.towards.get(towards, 0.0)
        if possible.kind is Kind.VALVE:
            own = max(own, _STARTED * self.towards.get(_AS_SWITCH.get(towards, ""), 0.0))
        if possible.capability.name == "position" and towards in _BY_DEGREES and "position" not in self.about:
            own = min(own, _MAYBE)  # blinds that go down go all the way
        if towards in _STARTS:
            own = max(own, _STARTED * self.towards.get("on", 0.0))
        if towards in _ENDS:
            own = max(own, _STARTED * self.towards.get("off", 0.0))
        return own

    def wants_opposite(self, possible: Possible) -> float:
        """How much is said for the opposite, and no more for it: both said is neither."""
        opposite = self.towards.get(OPPOSITES.get(possible.towards, ""), 0.0)
        return opposite if opposite >= self.towards.get(possible.towards, 0.0) else 0.0


def said(text: str, values: Sequence[str] = (), whole: str = "") -> Said:
    """Read a sentence for its cues.

    Args:
        text: the sentence, perhaps without politeness and names.
        values: words of options in this house, which speak for themselves.
        whole: the sentence as it came, if it is another: Chinese asks politely by what the edges were cleared of.
    """
    text, whole = plain(text)[:_LONGEST], plain(whole or text)[:_LONGEST]
    foreign = bool(characters(text))
    letters = words(text) or not foreign
    languages = [cues for name, cues in _shipped().items() if (foreign if name == "zh" else letters)]
    towards: dict[str, float] = {}
    about: set[str] = set()
    whether: dict[str, bool] = {}
    rest, last = text, _SENTENCE.split(text.rstrip(" .!"))[-1].strip()
    for cues in languages:
        for word, each in cues.towards.items():
            sure = _any(each.sure, text)
            towards[word] = max(
                towards.get(word, 0.0), 1.0 if sure else _MAYBE if _any(each.maybe, text) else 0.0
            )
            if sure:
                rest = _without(each.sure, rest)
        about |= {name for name, patterns in cues.about.items() if _any(patterns, text)}
        for name, patterns in cues.whether.items():
            where = whole if foreign else last if name == "asks" else text
            where = without_meant(where) if name == "refuses" else where
            if name == "tells" and not foreign:
                whether[name] = whether.get(name, False) or _only_tells(
                    patterns, cues.whether["orders"], text
                )
                continue
            polite = name == "orders" and _any(patterns, whole)
            whether[name] = whether.get(name, False) or polite or _any(patterns, where)
    for value in values:
        if value not in towards and _spoken(value, text):
            towards[value] = 1.0
            rest = rest.replace(value.replace("_", " "), " ")
    return Said(towards, frozenset(about), whether, rest)


def _only_tells(tells: Patterns, wants: Patterns, text: str) -> bool:
    """Whether it is a story; one beside a command says why: "somebody left the light burning, switch it off"."""
    if not _any(tells, text):
        return False
    parts = [part.strip() for part in _PIECES.split(text.rstrip(" .!")) if part.strip()]
    if len(parts) < 2 or _REPORTS.search(text):  # noqa: PLR2004  a story and a command
        return True
    return not any(_any(wants, part) and not _any(tells, part) for part in (parts[0], parts[-1]))


def orders(text: str) -> int:
    """How many parts of a sentence want something done by themselves: `chandelier on`, not `dinner is served`."""
    return sum(_orders(part) for part in _PARTS.split(text) if part.strip())


def _orders(part: str) -> bool:
    found = said(part)
    sure = {word for word, much in found.towards.items() if much == 1.0}
    return bool(sure - _VAGUE) or (bool(sure & _BY_DEGREES) and bool(found.about - _OFTEN))


def _spoken(value: str, text: str) -> bool:
    spoken = re.escape(value.replace("_", " ").casefold())
    return re.search(rf"(?<![a-z0-9]){spoken}(?![a-z0-9])", text) is not None


def _any(patterns: Patterns, text: str) -> bool:
    return any(pattern.search(text) for pattern in patterns)


def _without(patterns: Patterns, text: str) -> str:
    for pattern in patterns:
        text = pattern.sub(" ", text)
    return text


@cache
def _shipped() -> Mapping[str, _Cues]:
    raw = tomllib.loads(files(__package__).joinpath("cues.toml").read_text(encoding="utf-8"))
    return {language: _cues(tables) for language, tables in raw.items()}


def _cues(raw: Mapping[str, Any]) -> _Cues:
    return _Cues(
        {
            word: _Towards(_compiled(each["sure"]), _compiled(each.get("maybe", ())))
            for word, each in raw["towards"].items()
        },
        {name: _compiled(each) for name, each in raw["about"].items()},
        {name: _compiled(each) for name, each in raw["whether"].items()},
    )


def _compiled(patterns: Sequence[str]) -> Patterns:
    return tuple(re.compile(pattern) for pattern in patterns)

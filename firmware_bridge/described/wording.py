"""How a capability is worded on a line of text: what is sent, and what lines mean. Values to words and back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from firmware_bridge.described.pattern import Pattern
from firmware_bridge.described.strict import Table
from firmware_bridge.description import Capability, Type
from firmware_bridge.errors import BoardsFileError
from firmware_bridge.messages import Wire

SHELL_DONE: Final = "ok"
"""The line that a command of a board's shell ends with, if it was done."""
SHELL_FAILED: Final = "error: {text}"
"""And if it was not."""
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{1,12})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wording:
    """One capability's lines; None for those there are not. `words` are those of its values if it is no number."""

    words: tuple[str, ...] = ()
    set: Pattern | None = None
    get: str | None = None
    tells: Pattern | None = None
    answer: Pattern | None = None
    error: Pattern | None = None
    every_s: float | None = None

    def line(self, capability: Capability, wire: Wire) -> str:
        """What is sent to have it so. Only of what can be set."""
        return self.set.fill(self._word(capability, wire)) if self.set else ""

    def value(self, capability: Capability, pattern: Pattern | None, line: str) -> tuple[Wire] | None:
        """What a line says of it by a pattern, in a tuple of one; None if it is another line or no value of it."""
        word = pattern.match(line) if pattern else None
        if word is None or pattern is None:
            return None
        if not pattern.varies:
            return (None,)
        if capability.range is None:
            found: Wire = self.words.index(word) if word in self.words else None
            found = bool(found) if capability.type is Type.SWITCH and found is not None else found
            return None if found is None else (found,)
        if not _NUMBER.fullmatch(word):
            return None
        found = int(Decimal(word).scaleb(-capability.range.scale).to_integral_value(ROUND_HALF_EVEN))
        return (found,) if capability.accepts(found) else None

    def hears(self, line: str) -> bool:
        """Whether a line answers or tells something of it."""
        patterns = (self.tells, self.answer, self.error)
        return any(each is not None and each.match(line) is not None for each in patterns)

    def _word(self, capability: Capability, wire: Wire) -> str:
        if wire is None:
            return ""
        if capability.range:
            return format(Decimal(wire).scaleb(capability.range.scale), "f")
        return self.words[wire]


@dataclass(frozen=True, slots=True)
class Talk:
    """How a board of text is talked to."""

    ending: bytes
    ready: str | None
    wordings: Mapping[str, Wording]


def wording(table: Table, type_: Type, defaults: Mapping[str, str]) -> Wording:
    """What the keys of a capability's table say; `defaults`: the answers and errors there are without being said.

    Raises:
        BoardsFileError: they cannot be; says which.
    """
    found = Wording(
        _words(table, type_),
        _pattern(table, "set"),
        table.text("get") if "get" in table else None,
        _pattern(table, "tells"),
        _pattern(table, "answer", default=defaults.get("answer") if "set" in table else None),
        _pattern(table, "error", "text", defaults.get("error") if "set" in table or "get" in table else None),
        float(table.within("every", 1, 86400)) if "every" in table else None,
    )
    _possible(table, type_, found)
    return found


def _pattern(table: Table, key: str, place: str = "value", default: str | None = None) -> Pattern | None:
    if key not in table and default is None:
        return None
    try:
        return Pattern.of(table.text(key, default).strip(), place)
    except ValueError as exc:
        raise table.wrong(key, str(exc)) from exc


def _words(table: Table, type_: Type) -> tuple[str, ...]:
    words: tuple[str, ...]
    match type_:
        case Type.SWITCH:
            words, key = (table.text("off", "0"), table.text("on", "1")), "on"
        case Type.OPTIONS | Type.EVENT if "options" in table:
            options, key = table.texts("options"), "words"
            words = table.texts(key) if key in table else options
            if len(words) != len(options):
                raise table.wrong(key, f"are {len(words)}; write one for each of the {len(options)} options")
        case _:
            return ()
    if len(set(words)) < len(words) or not all(each.strip() == each and each.isprintable() for each in words):
        raise table.wrong(
            key, "does not differ from the others, or has blanks around it; write each in its own way"
        )
    return words


def _possible(table: Table, type_: Type, found: Wording) -> None:
    """What the patterns have to say of a type, they say."""
    match type_:
        case Type.PRESS if found.set is None or found.set.varies or found.tells or found.get:
            raise table.wrong("set", "of a press is one line without {value}, and nothing tells of it")
        case Type.EVENT if (
            found.tells is None or found.set or found.get or found.tells.varies != bool(found.words)
        ):
            raise table.wrong(
                "tells", "of an event is all there is, with {value} if it has options, without if not"
            )
    if found.set is None and (found.answer or found.error) and found.get is None:
        raise table.wrong("answer" if found.answer else "error", "answers nothing; write set or get as well")
    if found.answer and found.set is None:
        raise table.wrong("answer", "answers a set, and there is none; what a get is answered with is tells")
    if type_ not in {Type.PRESS, Type.EVENT}:
        _possible_value(table, found)


def _possible_value(table: Table, found: Wording) -> None:
    """The same, of what has a lasting value."""
    if found.set is None and found.tells is None:
        raise table.wrong("set", "is missing, and so is tells; write what is sent, or what is told, or both")
    for key, pattern in (("set", found.set), ("tells", found.tells)):
        if pattern and not pattern.varies:
            raise table.wrong(key, "has no {value}; write where the value stands")
    if found.get and found.tells is None:
        raise table.wrong("get", "asks for a value, and tells is missing; write how the answer looks")
    if found.every_s and found.get is None:
        raise table.wrong("every", "says how often get is sent, and there is none")


def check(boards: str, wordings: Mapping[str, Wording]) -> None:
    """No two capabilities of a board are told of by the same line.

    Raises:
        BoardsFileError: two are.
    """
    told: dict[Pattern, str] = {}
    for name, each in wordings.items():
        if each.tells and told.setdefault(each.tells, name) != name:
            raise BoardsFileError(
                f"{boards}: {told[each.tells]} and {name} have the same tells; let them differ"
            )

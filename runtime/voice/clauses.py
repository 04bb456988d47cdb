"""Where to breathe: text as it is written, in pieces of any size, into clauses to be spoken one after another.

The same text makes the same clauses, however it came in pieces. What is no speech (thoughts, code, calls of tools) is
left out here already, since it is told from the rest by what stands around it; what is left of markup, `spoken` takes
out of each clause. Holds no more than a long clause of it. Knows no voice.
"""

import re
from collections.abc import Iterator
from typing import Final

from runtime.voice.unspoken import Unspoken

_LONGEST: Final = 320
"""Letters: more in one go make a listener wait, and a voice lose its breath."""
_COMMA: Final = 24
"""Letters before a comma that are worth a clause of their own, when nothing has been said yet."""
_LATER_COMMA: Final = 80
"""The same, when there is something to listen to meanwhile."""
_END: Final = re.compile(
    r"(?P<line>\n\s*)"
    r"|(?P<full>[。！？；…]+[”’」』）)\"']*\s*)"
    r"|(?P<stop>[.!?]+[\"'”’)\]*_]*\s+)"
    r"|(?P<comma>[,;:—][\"'”’)\]*_]*\s+|[，：、]\s*)"
)
_TITLES: Final = frozenset(
    (  # noqa: SIM905  lines, not columns
        "mr mrs ms dr prof st mt no nos vs approx fig vol ch sec dept gen col lt sgt capt jan feb mar apr jun jul aug"
        " sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun e.g i.e eg ie cf ca c"
    ).split()
)
"""What a full stop after is no end, whatever follows."""
_MAYBE: Final = frozenset(
    (  # noqa: SIM905  as above
        "a.m p.m am pm etc inc ltd co jr sr u.s u.k min max hr hrs sec secs ft lb lbs oz"
    ).split()
)
"""What a full stop after is the end of only before a capital letter."""
_ITEM: Final = re.compile(r"\s*(?:\d{1,3}|[A-Za-z])[.)]\s*$")
"""The number of an item of a list."""


class Clauses:
    """Takes an answer as it is written, gives clauses of it as early as they are certain."""

    def __init__(self) -> None:
        self._unspoken = Unspoken()
        self._text = ""
        self._said = False

    def feed(self, piece: str) -> Iterator[str]:
        """The clauses that are whole now."""
        self._text += self._unspoken.feed(piece)
        yield from self._clauses(final=False)

    def flush(self) -> Iterator[str]:
        """What is left, at the end."""
        self._text += self._unspoken.flush()
        yield from self._clauses(final=True)

    def _clauses(self, *, final: bool) -> Iterator[str]:
        while (end := self._end(final=final)) is not None:
            clause, self._text = self._text[:end].strip(), self._text[end:]
            if clause:
                self._said = True
                yield clause

    def _end(self, *, final: bool) -> int | None:
        """Where the first clause ends; None: more is needed to say."""
        text = self._text
        for match in _END.finditer(text, 0, _LONGEST):
            end = match.end()
            if end == len(text) and not final:
                return None  # what follows has a say
            if match.lastgroup is not None and self._breaks(match, match.lastgroup):
                return end
        if len(text) >= _LONGEST:
            return _cut(text[:_LONGEST])
        return len(text) if final and text else None

    def _breaks(self, match: re.Match[str], kind: str) -> bool:
        """Whether a clause ends here; its next letter is known, unless there is none."""
        before, after = match.string[: match.start()], match.string[match.end() : match.end() + 1]
        if "\n" in match.group():
            return True
        match kind:
            case "full":
                return True
            case "stop":
                return _is_end(before, match.group(), after)
            case _:
                enough = _LATER_COMMA if self._said else _COMMA
                wide = 2 if match.group()[0] in "，：、" else 1  # a Chinese character is worth two letters
                return wide * len(before.strip()) >= enough


def _is_end(before: str, stop: str, after: str) -> bool:
    """Whether a sentence ends with `stop`, from the word before and the letter after."""
    if stop[0] != "." or stop.startswith(".."):
        return not after.islower()
    word = before[before.rfind(" ") + 1 :].lstrip("([\"'“‘*_").lower()
    if word in _TITLES or _ITEM.fullmatch(before + ".") or (len(word) == 1 and word.isalpha()):
        return False
    if word in _MAYBE:
        return not after or after.isupper()
    return not after.islower()


def _cut(text: str) -> int:
    """Where to breathe in what has no place for it: between two words, if there are two."""
    space = max(text.rfind(" "), text.rfind("\t"))
    return space + 1 if space > 0 else len(text)


def split(text: str) -> Iterator[str]:
    """The clauses of a text that is there as a whole."""
    clauses = Clauses()
    yield from clauses.feed(text)
    yield from clauses.flush()

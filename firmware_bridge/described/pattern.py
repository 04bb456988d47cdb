"""What a line looks like: literal text, with one place that varies. Nothing in a file is ever run or expanded."""

import re
from dataclasses import dataclass
from typing import Final, Self

_PLACE: Final = re.compile(r"\{[a-z_]+\}")


@dataclass(frozen=True, slots=True)
class Pattern:
    """Text before and after the place that varies, if there is one."""

    before: str
    after: str = ""
    varies: bool = False

    @classmethod
    def of(cls, text: str, place: str) -> Self:
        """What a text with `{place}` in it means; other braces are themselves.

        Raises:
            ValueError: another place is named, or this one twice; says so, after the key.
        """
        mark = f"{{{place}}}"
        other = [each for each in _PLACE.findall(text) if each != mark]
        if other:
            raise ValueError(f"has {other[0]}; what varies here is called {mark}")
        before, found, after = text.partition(mark)
        if mark in after:
            raise ValueError(f"has {mark} twice; write it once")
        return cls(before, after, bool(found)) if found else cls(text)

    def match(self, line: str) -> str | None:
        """What is in the place ("" if nothing varies); None if the line is another one."""
        if not self.varies:
            return "" if line == self.before else None
        if not line.startswith(self.before) or not line.endswith(self.after):
            return None
        word = line[len(self.before) : len(line) - len(self.after)].strip()
        return word if word and len(line) > len(self.before) + len(self.after) else None

    def fill(self, word: str) -> str:
        """The line with a word in the place."""
        return f"{self.before}{word}{self.after}" if self.varies else self.before

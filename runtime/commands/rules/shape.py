"""Sentences that differ in their numbers alone, as one: which template they follow is the same.

Knows digits and where they stand; not what they are a number of.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final

from runtime.commands.language.quantities import Quantity, fractions, numbers
from runtime.commands.rules.situation import Found

_FIRST: Final = 9001
"""Stands for the first number; those for others are as long, so that none is the beginning of another."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A sentence with other numbers in place of its own, and what its own were."""

    text: str
    were: Mapping[float, float]

    def filled(self, found: Found | None) -> Found | None:
        """What was recognised, with the sentence's own numbers."""
        if found is None or not self.were:
            return found
        return replace(found, slots={slot: self._own(value) for slot, value in found.slots.items()})

    def _own(self, value: Any) -> Any:
        if isinstance(value, Quantity):
            return replace(value, value=self.were.get(value.value, value.value))
        return value


def shape(text: str, names: Iterable[str]) -> Shape:
    """The shape of a sentence.

    Args:
        text: made plain, its numbers in digits.
        names: what is in the text and belongs to the house; a number in one of these stays.
    """
    kept = [span for name in names if any(map(str.isdigit, name)) for span in _spans(name, text)]
    standing = (str(number) for number in count(_FIRST) if str(number) not in text)
    stands: dict[float, str] = {}
    pieces, read, done = [], [], 0
    for match in numbers(text):
        begin, end = match.span()
        if any(begin < after and before < end for before, after in kept):
            read.append(match[0])
            continue
        number = float(match[0])
        if number not in stands:
            stands[number] = next(standing)
        read.append(stands[number])
        pieces += [text[done:begin], stands[number]]
        done = end
    shaped = "".join((*pieces, text[done:]))
    if [match[0] for match in numbers(shaped)] != read or [*fractions(shaped)] != [*fractions(text)]:
        return Shape(text, {})  # what stands beside a number would be read with it
    return Shape(shaped, {float(stand): number for number, stand in stands.items()})


def _spans(name: str, text: str) -> Iterable[tuple[int, int]]:
    begin = text.find(name)
    while begin >= 0:
        yield begin, begin + len(name)
        begin = text.find(name, begin + 1)

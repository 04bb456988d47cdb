"""Numbered names in one: `part[00-03]` is part00, part01, part02 and part03. Text in, texts out.

Written as curl writes ranges, but several in one text are counted up together.
"""

import re
from typing import Final

PATTERN: Final = r"\[\d{1,4}-\d{1,4}\]"
_RANGE: Final = re.compile(r"\[(\d{1,4})-(\d{1,4})\]", re.ASCII)
_MOST: Final = 100


def has_range(text: str) -> bool:
    """Whether there is a range in it."""
    return _RANGE.search(text) is not None


def expand(text: str) -> tuple[str, ...]:
    """Every text it stands for, numbers with as many zeros before them as the first has.

    Raises:
        ValueError: a range goes down, is longer than any file has parts, or not as long as the others.
    """
    lengths = {int(last) - int(first) + 1 for first, last in _RANGE.findall(text)} or {1}
    if len(lengths) > 1 or not 1 <= min(lengths) <= _MOST:
        raise ValueError(text)
    return tuple(_nth(text, step) for step in range(min(lengths)))


def without(text: str) -> str:
    """The text less its ranges."""
    return _RANGE.sub("", text)


def _nth(text: str, step: int) -> str:
    return _RANGE.sub(lambda span: f"{int(span[1]) + step:0{len(span[1])}}", text)

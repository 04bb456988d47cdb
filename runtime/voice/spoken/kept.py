"""What voices are given, letter by letter: a list of what is let through, not of what is not."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

_BREATHS: Final = frozenset(".,!?;:。、")
_JOINING: Final = frozenset("'-")
_VARIATIONS: Final = re.compile(r"[\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Marks that only say how the letter before looks: in colour, for one."""
_RUN: Final = re.compile(r"[.,!?;:。、](?:\s*[.,!?;:。、])+")
_BEFORE: Final = re.compile(r"\s+(?=[.,!?;:。、](?!\d))")
_STRAY: Final = re.compile(r"(?<!\w)'+|'+(?!\w)|(?<!\w)-+(?!\d)|-+(?!\w)|(?<=[^\W\d])-+(?=-)|--+")
_LEADING: Final = re.compile(r"^[\s.,!?;:。、]+(?!\d)|^[\s!?;:。、]+")


def kept(text: str) -> str:
    """Letters, numbers, spaces, and punctuation as one would breathe."""
    text = _VARIATIONS.sub("", text)
    text = _STRAY.sub(" ", "".join(map(_letter, text)))
    text = _BEFORE.sub("", " ".join(text.split()))
    return _LEADING.sub("", _RUN.sub(_strongest, text)).strip()


@lru_cache(4096)
def _letter(letter: str) -> str:
    if letter in _BREATHS or letter in _JOINING:
        return letter
    category = unicodedata.category(letter)
    return letter if category[0] in "LN" or category in {"Mn", "Mc"} else " "


def _strongest(run: re.Match[str]) -> str:
    """Of several pauses in a row, the longest."""
    return next((each for each in run.group() if each in ".!?。"), run.group()[0])

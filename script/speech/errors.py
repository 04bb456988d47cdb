"""Word error rate: what was said and what was written down, by words as a listener would count them."""

import re
from collections.abc import Sequence
from typing import Final

_SMALL: Final = (
    *(
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    ),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SIGNS: Final = {"%": " percent ", "°": " degrees ", "&": " and ", "-": " "}
_SAME: Final = {"tv": "television", "aircon": "air conditioner", "ok": "okay"}


def words(text: str) -> list[str]:
    """In lower case, without marks, numbers in digits."""
    text = text.lower()
    for sign, said in _SIGNS.items():
        text = text.replace(sign, said)
    found = re.sub(r"[^\w\s']|_", " ", text).replace("'", "").split()
    return _numbers([word for each in found for word in _SAME.get(each, each).split()])


def _numbers(found: Sequence[str]) -> list[str]:
    out: list[str] = []
    for word in found:
        if word in _SMALL:
            unit = _SMALL.index(word)
            if 0 < unit < 10 and out and out[-1].endswith("0") and len(out[-1]) == 2:  # noqa: PLR2004  twenty one
                out[-1] = str(int(out[-1]) + unit)
            else:
                out.append(str(unit))
        elif word in _TENS:
            out.append(str(20 + 10 * _TENS.index(word)))
        else:
            out.append(word)
    return out


def mistakes(said: str, written: str) -> tuple[int, int]:
    """Words wrong, missing or too many, and words said."""
    want, got = words(said), words(written)
    row = list(range(len(got) + 1))
    for place, word in enumerate(want, 1):
        before, row[0] = row[0], place
        for column, other in enumerate(got, 1):
            before, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, before + (word != other)),
            )
    return row[-1], len(want)

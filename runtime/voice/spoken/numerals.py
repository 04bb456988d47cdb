"""English number words."""

from typing import Final

_ONES: Final = (  # noqa: SIM905  lines, not columns
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
).split()
_TENS: Final = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905  as above
_SCALES: Final = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"))
_ORDINALS: Final = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_DIGITS: Final = 15
"""Of a number that is read as one; a longer one is a number of something, and read digit by digit."""


def cardinal(number: int) -> str:
    """A number from 0 to 10**15 - 1."""
    if number < 20:  # noqa: PLR2004  from there on they are regular
        return _ONES[number]
    if number < 100:  # noqa: PLR2004  tens and ones
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    if number < 1000:  # noqa: PLR2004  hundreds
        hundreds, rest = divmod(number, 100)
        return f"{_ONES[hundreds]} hundred" + (f" and {cardinal(rest)}" if rest else "")
    size, name = next(each for each in _SCALES if number >= each[0])
    many, rest = divmod(number, size)
    joint = " and " if 0 < rest < 100 else " "  # noqa: PLR2004  tens and ones
    return f"{cardinal(many)} {name}" + (f"{joint}{cardinal(rest)}" if rest else "")


def ordinal(number: int) -> str:
    """The `number`th."""
    words = cardinal(number)
    cut = max(words.rfind(" "), words.rfind("-")) + 1
    last = words[cut:]
    return words[:cut] + _ORDINALS.get(last, f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")


def year(number: int) -> str:
    """A year from 1000 to 2999, as it is said."""
    century, rest = divmod(number, 100)
    if 2000 <= number < 2010 or number % 1000 == 0:  # noqa: PLR2004  two thousand and nine, twenty ten
        return cardinal(number)
    if rest == 0:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"  # noqa: PLR2004  nineteen oh five


def digits(written: str) -> str:
    """One by one; what is no digit is left out."""
    return " ".join(_ONES[int(each)] for each in written if each in "0123456789")


def number(written: str) -> str:
    """A number as it was written: 1,250, 21.5, -3, 1.2.3, 0049."""
    minus = "minus " if written.startswith("-") else ""
    whole, *parts = written.lstrip("-").replace(",", "").split(".")
    leads = len(whole) > 1 and whole[0] == "0"
    words = digits(whole) if leads or len(whole) > _DIGITS else cardinal(int(whole or "0"))
    if len(parts) > 1:
        return minus + " point ".join([words, *map(number, parts)])
    return f"{minus}{words} point {digits(parts[0])}" if parts else minus + words

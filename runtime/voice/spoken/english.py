"""Numbers, times, dates, units and signs in English words. Text without markup in, text without digits out."""

import re
from typing import Final

from runtime.voice.spoken.numerals import cardinal, digits, number, ordinal, year
from runtime.voice.spoken.units import MONEY, UNITS

_MONTHS: Final = (  # noqa: SIM905  lines, not columns
    "January February March April May June July August September October November December"
).split()
_SHORT: Final = {month[:3]: month for month in _MONTHS} | {"Sept": "September"}
_NUMBER: Final = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d])|\d+(?:\.\d+)*"
_SIGNED: Final = rf"(?<![\w.])-?(?:{_NUMBER})"
_UNIT: Final = "|".join(map(re.escape, sorted(UNITS, key=len, reverse=True)))
_HALF: Final = r"(?:\s?(?P<half>[AaPp])\.?\s?[Mm]\b\.?)"

_DATE: Final = re.compile(
    r"(?<![\w-])(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?:[T ]?(?=\d\d:\d\d)|(?![\w-]))"
)
_MONTH_DAY: Final = re.compile(
    rf"\b({'|'.join([*_MONTHS, *_SHORT])})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?![:.,]\d)"
)
_TIME: Final = re.compile(
    r"(?<![\w:.])(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d)(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?"
    rf"{_HALF}?(?![\d:])"
)
_OCLOCK: Final = re.compile(rf"(?<![\w:.])(?P<hour>1[0-2]|0?[1-9]){_HALF}")
_PRICE: Final = re.compile(
    r"([$€£¥])\s?(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?(?:\s?(thousand|million|billion|trillion|[kKmMbB]\b))?"
)
_RANGE: Final = re.compile(rf"(?<![\w.,-])({_NUMBER})\s?[-–]\s?(?=\d)(?!\d*-\d)")
_MEASURE: Final = re.compile(rf"({_SIGNED})(\s?)({_UNIT})(?![\w^/])")
_BARE_UNIT: Final = re.compile(r"°\s?([CF])\b|°|%")
_ORDINAL: Final = re.compile(r"\b(\d{1,15})(?:st|nd|rd|th)\b")
_DECADE: Final = re.compile(r"\b(1[0-9]|20)([1-9]0)s\b")
_FRACTION: Final = re.compile(r"(?<![\w/.])([1-9]\d?)/([2-9]|1\d)(?![\w/])")
_YEAR: Final = re.compile(r"(?<![\w.,:/-])(1[89]\d\d|20\d\d)(?![\w/-]|[.,:]\d)")
_PLAIN: Final = re.compile(rf"(?<![\w.])-(?=\d)|{_NUMBER}")
_COUNTED: Final = re.compile(r"\b(?:No|Nr)\.\s?(?=\d)|#\s?(?=\d)")
_BETWEEN: Final = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_WORDS: Final = {
    "&": "and",
    "+": "plus",
    "=": "equals",
    "×": "times",
    "÷": "divided by",
    "±": "plus or minus",
    "≈": "about",
    "~": "about",
    "@": "at",
    "≤": "at most",
    "≥": "at least",
    "<": "less than",
    ">": "more than",
    "→": "to",
    "^2": "squared",
    "^3": "cubed",
}
_SIGN: Final = re.compile("|".join(map(re.escape, _WORDS)))
_POWER: Final = re.compile(r"\^[23]")
_PARTS: Final = {2: ("half", "halves"), 3: ("third", "thirds"), 4: ("quarter", "quarters")}
_BIG: Final = {"k": "thousand", "m": "million", "b": "billion"}


def english(text: str) -> str:
    """The text with all that is written in digits and signs in words."""
    text = _DATE.sub(_date, text)
    text = _TIME.sub(_time, text)
    text = _OCLOCK.sub(lambda found: f"{cardinal(int(found['hour']))} {_half(found)}", text)
    text = _MONTH_DAY.sub(_month_day, text)
    text = _PRICE.sub(_price, text)
    text = _DECADE.sub(_decade, text)
    text = _RANGE.sub(r"\1 to ", text)
    text = _MEASURE.sub(_measure, text)
    text = _ORDINAL.sub(lambda found: ordinal(int(found[1])), text)
    text = _FRACTION.sub(_fraction, text)
    text = _YEAR.sub(lambda found: year(int(found[1])), text)
    text = _POWER.sub(lambda found: f" {_WORDS[found[0]]} ", text)
    text = _COUNTED.sub("number ", text)
    text = _PLAIN.sub(
        lambda found: "minus " if found[0] == "-" else number(found[0]), _BETWEEN.sub(" ", text)
    )
    text = _BARE_UNIT.sub(_bare, text)
    return _SIGN.sub(lambda found: f" {_WORDS[found[0]]} ", text)


def _date(found: re.Match[str]) -> str:
    said = f"{_MONTHS[int(found[2]) - 1]} {ordinal(int(found[3]))}, {_year(int(found[1]))}"
    return f"{said} at " if found.end() < len(found.string) and found.string[found.end()].isdigit() else said


def _year(number_: int) -> str:
    return year(number_) if 1000 <= number_ < 3000 else digits(f"{number_:04}")  # noqa: PLR2004  as `year` has it


def _month_day(found: re.Match[str]) -> str:
    day = int(found[2])
    return f"{_SHORT.get(found[1], found[1])} {ordinal(day)}" if 1 <= day <= 31 else found[0]  # noqa: PLR2004  days


def _time(found: re.Match[str]) -> str:
    hour, minute = int(found["hour"]), int(found["minute"])
    if minute:
        said = f"{cardinal(hour)} {'oh ' if minute < 10 else ''}{cardinal(minute)}"  # noqa: PLR2004  five oh three
    else:
        said = cardinal(hour) + ("" if found["half"] else " o'clock")
    if found["second"] and int(found["second"]):
        said += f" and {cardinal(int(found['second']))} seconds"
    return f"{said} {_half(found)}" if found["half"] else said


def _half(found: re.Match[str]) -> str:
    """With the full stop that ended the sentence, if one did."""
    stop = "." if found[0].endswith(".") and found.end() == len(found.string) else ""
    return f"{found['half'].upper()}M{stop}"


def _price(found: re.Match[str]) -> str:
    sign, whole, part, big = found.groups()
    one, many, parts = MONEY[sign]
    if big:
        return f"{number(whole + (f'.{part}' if part else ''))} {_BIG.get(big.lower(), big)} {many}"
    said = f"{number(whole)} {one if whole == '1' else many}"
    if not part or not int(part):
        return said
    if len(part) == 2 and parts:  # noqa: PLR2004  a hundred of them
        return f"{said} and {cardinal(int(part))} {parts}"
    return f"{number(f'{whole}.{part}')} {many}"


def _decade(found: re.Match[str]) -> str:
    tens = cardinal(int(found[2]))
    return (
        f"{cardinal(int(found[1]))} {tens[:-1]}ies"
        if tens.endswith("y")
        else f"{cardinal(int(found[1]))} {tens}s"
    )


def _measure(found: re.Match[str]) -> str:
    written, _, unit = found.groups()
    one, many = UNITS[unit]
    return f"{number(written)} {one if written in {'1', '-1'} else many}"


def _fraction(found: re.Match[str]) -> str:
    above, below = int(found[1]), int(found[2])
    if above >= below:
        return f"{cardinal(above)} over {cardinal(below)}"
    one, many = _PARTS.get(below, (ordinal(below), f"{ordinal(below)}s"))
    return f"{cardinal(above)} {one if above == 1 else many}"


def _bare(found: re.Match[str]) -> str:
    if found[0] == "%":
        return " percent "
    return " degrees " + {"C": "Celsius ", "F": "Fahrenheit "}.get(found[1] or "", "")

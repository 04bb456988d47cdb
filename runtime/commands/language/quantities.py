"""Numbers in words as digits, and the quantities in a sentence with their units.

Knows cardinal numbers up to some thousands, decimals and halves in English and Chinese; ordinals stay words.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SMALL = {
    word: number
    for number, word in enumerate(
        [
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
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS = {
    word: 10 * n
    for n, word in enumerate(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2
    )
}
_TENS["fourty"] = 40  # as recognisers and people write it
_WORD = "|".join(sorted((*_SMALL, *_TENS), key=len, reverse=True))
_ENGLISH = re.compile(
    rf"\b(?<!the )(?<!no )(?<!any )(?<!every )(?<!this )(?<!that )(?<!which )(?<!each )"
    rf"(?:minus\ )?(?:(?:{_WORD}|an?(?=\ (?:hundred|thousand|million)))"
    rf"(?:(?:\s|-|\ and\ )(?:{_WORD}|hundred|thousand|million))*)(?:\ point(?:\ (?:{'|'.join(_SMALL)}))+)?"
    r"(?:\ and\ a\ half)?\b",
)
_POWERS = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_DIGITS_AND_POWER = re.compile(r"\b(\d+(?:\.\d+)?) (hundred|thousand|million)\b")
_MYRIAD = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)萬")
_SIGN = re.compile(r"(?<!\d)[\u2212\u2013](?=\d)|\bminus (?=\d)|(?:負|零下)(?=\d)")
_BETWEEN = re.compile(r"( and |[\s-])")
_COLOUR = re.compile(r"\bcolour(?=s?\b)")
_HALF_A = re.compile(r"\bhalf an? (?=(?:degree|percent|point)s?\b)")
_UNIT_AND_HALF = re.compile(r"\b(?:an?|one) (degree|percent|point) and a half\b")
_DIGIT_AND_HALF = re.compile(r"\b(\d+) and a half\b")
_CHINESE_DIGITS = {char: n for n, char in enumerate("零一二三四五六七八九")} | {"兩": 2, "\u3007": 0}
_CHINESE_TENS = {"十": 10, "百": 100, "千": 1000}
_NUMERAL = "零一二三四五六七八九兩\u3007十百千"
_CHINESE = re.compile(
    rf"負?(?:[{_NUMERAL}]{{2,}}(?:點[{_NUMERAL}]+|點半)?"
    rf"|[{_NUMERAL}](?:點[{_NUMERAL}]+)?(?=(?:個半)?(?:度|%|趴|成|樓|號|級|段|檔|萬|分鐘|分半|秒|個?小時|個鐘頭|刻鐘|公尺|[kK]\b))"
    rf"|(?<=[到為成至])[{_NUMERAL}]$|(?<=百分之)[{_NUMERAL}])(?:度半)?"
)
_TENTHS = re.compile(r"(\d)成(?!為|功)")
_PERCENT = re.compile(r"(?<=\d)\s*(?:per\s?cent|pct|percent)\b")
_DEGREES = re.compile(
    r"(?<=\d)\s*(?:(?:°|degrees?|deg|度)\s*(?:(?P<f>f|fahrenheit)|c|celsius|centigrade)\b|(?P<f2>℉|°f)|℃|°c)"
)
_FRACTIONS = {
    "all the way up": 1.0, "all the way down": 0.0,
    "three quarters": 0.75, "three-quarters": 0.75, "a quarter": 0.25, "one quarter": 0.25, "two thirds": 2 / 3,
    "two-thirds": 2 / 3, "a third": 1 / 3, "one third": 1 / 3, "half way": 0.5, "halfway": 0.5, "half": 0.5,
    "full": 1.0, "maximum": 1.0, "max": 1.0, "the maximum": 1.0, "the max": 1.0, "minimum": 0.0, "min": 0.0,
    "the minimum": 0.0, "the min": 0.0, "the highest": 1.0, "the lowest": 0.0, "highest": 1.0, "lowest": 0.0,
    "a fifth": 0.2, "one fifth": 0.2, "a crack": 0.1, "ajar": 0.1,
    "3 quarters": 0.75, "2 thirds": 2 / 3, "1 quarter": 0.25, "1 third": 1 / 3,
    "四分之三": 0.75, "四分之一": 0.25, "三分之二": 2 / 3, "三分之一": 1 / 3, "一半": 0.5, "最大": 1.0, "最亮": 1.0,
    "最高": 1.0, "最小": 0.0, "最暗": 0.0, "最低": 0.0, "全開": 1.0,
}  # fmt: skip
_NUMBER_AFTER_CJK = re.compile(r"(?<![\d.])-?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number that was said."""

    value: float
    unit: str = ""
    """`%`, `°C`, `°F`, or `of` for a part of the whole range from 0 to 1; nothing where none was said."""


def digits(text: str, language: str) -> str:
    """The sentence with its numbers in digits and their units in one spelling."""
    if language.startswith("zh"):
        text = _TENTHS.sub(lambda match: f"{match[1]}0%", _CHINESE.sub(_chinese, text))
        text = _MYRIAD.sub(lambda match: f"{float(match[1]) * 10_000:.15g}", text)
    elif language.startswith("en"):
        text = _UNIT_AND_HALF.sub(r"1.5 \1s", _HALF_A.sub("0.5 ", _COLOUR.sub("color", text)))
        text = _DIGIT_AND_HALF.sub(r"\1.5", _ENGLISH.sub(_english, text))
        text = _DIGITS_AND_POWER.sub(lambda match: f"{float(match[1]) * _POWERS[match[2]]:.15g}", text)
    text = _PERCENT.sub("%", _SIGN.sub("-", text))
    return _DEGREES.sub(lambda match: "°f" if match["f"] or match["f2"] else "°", text)


def numbers(text: str) -> Iterator[re.Match[str]]:
    """Where the numbers of a sentence in digits stand."""
    return _NUMBER_AFTER_CJK.finditer(text)


def quantities(text: str) -> Iterator[tuple[str, Quantity]]:
    """The numbers and fractions in a sentence that has them in digits, each as it stands there."""
    for match in numbers(text):
        number = float(match[0])
        if text.startswith("°f", match.end()):
            yield f"{match[0]}°f", Quantity(number, "°F")
        else:
            yield match[0], Quantity(number, _unit(text, match))
    for words in fractions(text):
        yield words, Quantity(_FRACTIONS[words], "of")


def fractions(text: str) -> Iterator[str]:
    """The words for parts of a whole in a sentence, `half` in `half way` among them."""
    return (words for words in _FRACTIONS if words in text)


def _unit(text: str, match: re.Match[str]) -> str:
    after = text[match.end() : match.end() + 2].lstrip()
    if after.startswith(("%", "趴")) or text.endswith("百分之", 0, match.start()):
        return "%"
    return "°C" if after.startswith(("°", "度")) else ""


def _english(match: re.Match[str]) -> str:
    words = match[0].removeprefix("minus ")
    sign = "-" if match[0].startswith("minus ") else ""
    half = words.endswith(" and a half")
    whole, _, decimals = words.removesuffix(" and a half").partition(" point ")
    fraction = (
        f".{''.join(str(_SMALL[word]) for word in decimals.split())}" if decimals else ".5" if half else ""
    )
    return f"{sign}{_english_whole(whole)}{fraction}"


def _english_whole(text: str) -> str:
    """Cardinals as digits: `two hundred and five` is one of them, `two twenty` and `five and six` are two."""
    said = _BETWEEN.split(text)
    found: list[str] = []
    total = group = 0
    before = ""
    for between, word in zip(["", *said[1::2]], said[::2], strict=True):
        if before and not _goes_on(before, between, word):
            found += [str(total + group), between if "and" in between else " "]
            total = group = 0
        if word == "hundred":
            group = max(group, 1) * 100
        elif word == "thousand":
            total, group = total + max(group, 1) * 1000, 0
        elif word == "million":
            total, group = max(total + group, 1) * 1_000_000, 0
        elif word in {"a", "an"}:
            group = 1
        else:
            group += _SMALL.get(word, _TENS.get(word, 0))
        before = word
    return "".join([*found, str(total + group)])


def _goes_on(before: str, between: str, word: str) -> bool:
    """Whether a word belongs to the number that the word before it is of."""
    if word in _POWERS or before in _POWERS:
        return True
    return before in _TENS and 0 < _SMALL.get(word, 0) < 10 and between != " and "  # noqa: PLR2004  a digit


def _chinese(match: re.Match[str]) -> str:
    text = match[0].removeprefix("負")
    sign = "-" if match[0].startswith("負") else ""
    half = text.endswith("度半")
    text = text.removesuffix("度半")
    whole, _, decimals = text.partition("點")
    fraction = ""
    if decimals == "半" or half:
        fraction = ".5"
    elif decimals:
        fraction = "." + "".join(str(_CHINESE_DIGITS.get(char, 0)) for char in decimals)
    return f"{sign}{_chinese_whole(whole)}{fraction}{'度' if half else ''}"


def _chinese_whole(text: str) -> int:
    if not any(char in _CHINESE_TENS for char in text):
        return int("".join(str(_CHINESE_DIGITS[char]) for char in text))
    total, digit, last = 0, 0, 1
    for char in text:
        if char in _CHINESE_TENS:
            total += (digit or 1) * _CHINESE_TENS[char]
            digit, last = 0, _CHINESE_TENS[char]
        else:
            digit = _CHINESE_DIGITS[char]
            last = 1 if char in "零\u3007" else last
    return total + (digit * (last // 10) if last > 10 and digit else digit)  # noqa: PLR2004  after 百: 一百五 is 150

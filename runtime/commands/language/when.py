"""When something is to happen: "in ten minutes" as seconds from now, with the sentence that is left.

Times of day and lengths of time are found too, to be refused with the right sentence; nobody plans by them here.
"""

import re
from dataclasses import dataclass
from typing import Final

_SECONDS: Final = {
    "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0, "mo": 30 * 86400.0, "y": 365 * 86400.0,
}  # fmt: skip
_UNIT = r"(?:hours?|hrs?|h|minutes?|mins?|months?|m|seconds?|secs?|s|days?|weeks?|years?)"
_WORDS = r"(?:half an?|an? half|a quarter of an|(?:three|3) quarters of an|a couple of|a few|another|an?)"
_DIGITS = r"\d+(?:\.\d+)?"
_COUNT = rf"(?:{_DIGITS}|{_WORDS})"
_PIECE = rf"(?:{_WORDS}[ -]|{_DIGITS}[ -]?){_UNIT}(?: and a half)?\b"
_ENGLISH_SPAN = rf"(?P<span>{_PIECE}(?:(?:,? and |,? ){_PIECE})*)(?:'s?)?(?: time)?"
_ENGLISH = (
    re.compile(rf"^(?:in|after) {_ENGLISH_SPAN}[,.]?(?: from now)?,? (?:please )?(?P<rest>\S.*)$"),
    re.compile(rf"^{_ENGLISH_SPAN} (?:from now|later),? (?:please )?(?P<rest>\S.*)$"),
    re.compile(rf"^{_ENGLISH_SPAN},? (?:and )?then,? (?:please )?(?P<rest>\S.*)$"),
    re.compile(rf"^(?P<rest>.*\S),? (?:in|after) {_ENGLISH_SPAN}(?: from now)?$"),
    re.compile(rf"^(?P<rest>.*\S),? {_ENGLISH_SPAN} (?:from now|later)$"),
)
_ENGLISH_PIECE = re.compile(rf"(?P<count>{_COUNT})[ -]?(?P<unit>{_UNIT})(?P<half> and a half)?\b")
_ENGLISH_LOOSE = re.compile(
    r"(?:,? ?\b(?:and |but )?(?:in|after|once|when|within|by|not (?:before|until|for(?= another))"
    r"|give (?:me|it|us|them)|wait(?: for)?|let)"
    rf" (?:about |around |roughly |some |the next )?{_ENGLISH_SPAN}"
    r"(?: (?:from now|later|have|has|had|longer|more|is|are|pass(?:ed|es)?|gone|go(?:es)?|by|elapsed?|up|over))*"
    rf"|{_ENGLISH_SPAN.replace('?P<span>', '?P<after>')} (?:from now|later|hence))(?:,? (?:and )?then\b)?,?"
)
_ENGLISH_LENGTH = re.compile(rf"(?<!what )(?<!such )(?<!once )(?<!twice )\b{_PIECE}")
"""What is sighed about, and what is a habit, is no length."""
_ENGLISH_LASTING = (
    re.compile(rf"^for {_ENGLISH_SPAN},? (?P<rest>\S.*)$"),
    re.compile(rf"^(?P<rest>.*\S),? for (?:the next )?{_ENGLISH_SPAN}$"),
    re.compile(r"^(?P<rest>.*\S),? (?:until|till|for the next|for the rest of) \S.*$"),
)
_DAY = (
    r"(?:today|tonight|tomorrow(?: (?:morning|evening|night|afternoon))?|this (?:morning|evening|afternoon)"
    r"|(?:in|at) (?:the (?:morning|evening|afternoon)|night|noon|midnight)"
    r"|(?:at|before|after) (?:sunset|sunrise|dawn|dusk)"
    r"|(?:every|each) (?:day|morning|evening|night)|(?:on|every|next) (?:mon|tues|wednes|thurs|fri|satur|sun)days?)"
)
_HOUR = (
    r"(?:at|(?<!up )(?<!down )(?<!more )(?<!less )by|around|from) "
    r"(?:half past |quarter (?:past|to) )?(?:[01]?\d|2[0-4])(?:[:.]\d{2})?(?!\d)"
    r"(?: ?(?:a\.?m\.?|p\.?m\.?|o'?clock))?"
)
_ENGLISH_CLOCK = (
    re.compile(rf"^(?:{_DAY}|{_HOUR})(?: {_DAY})?,? (?P<rest>\S.*)$"),
    re.compile(rf"^(?P<rest>.*?\S),? (?:{_HOUR}(?: {_DAY})?|{_DAY}(?: {_HOUR})?)$"),
)
_ENGLISH_BY_SO_MUCH = re.compile(
    r"\b(?:drop|raise|lower|increase|decrease|reduce|cut|bump|boost|nudge"
    r"|(?:turn|bring|take|put)(?: \S+)* (?:up|down))\b"
    r".* by \d+(?:\.\d+)?$"
)
_CHINESE_UNIT = "(?:小時|鐘頭|分鐘|秒鐘|秒|刻鐘|分|星期|禮拜|週|周|月|天|年)"
# Possessive throughout: a half may belong to two neighbours, and giving it back would double the work with each.
_CHINESE_PIECE = rf"(?:\d+(?:\.\d+)?|半|[一二三四五六七八九十兩]+)個?半?+{_CHINESE_UNIT}半?+"
_CHINESE_SPAN = rf"(?P<span>(?:{_CHINESE_PIECE})++)"
_CHINESE = (
    re.compile(rf"(?:再過|過)?個?{_CHINESE_SPAN}(?:之後|以後|過後|後)的?時?候?[,、]?(?:再)?"),
    re.compile(rf"^(?:再過|過|等)個?{_CHINESE_SPAN}[,、]?(?:再)?"),
)
_CHINESE_COUNTED = re.compile(
    r"(?P<count>\d+(?:\.\d+)?|半|[一二三四五六七八九十兩]+)個?(?P<half>半)?+"
    rf"(?P<unit>{_CHINESE_UNIT})(?P<after>半)?+"
)
_CHINESE_SECONDS: Final = {
    "小": 3600.0, "鐘": 3600.0, "分": 60.0, "秒": 1.0, "刻": 900.0, "天": 86400.0, "星": 7 * 86400.0,
    "禮": 7 * 86400.0, "週": 7 * 86400.0, "周": 7 * 86400.0, "月": 30 * 86400.0, "年": 365 * 86400.0,
}  # fmt: skip
_CHINESE_LASTING = re.compile(rf"{_CHINESE_SPAN}$|(?:直到|到).{{1,8}}(?:為止|點)$")
_CHINESE_CLOCK = re.compile(
    r"(?:(?:今天(?=早上|上午|中午|下午|傍晚|晚上|半夜|凌晨|\d|[一二三四五六七八九十兩]{1,3}點)|明天|後天|今晚|明晚|每天|每晚|早上|上午|中午|下午|傍晚|晚上|半夜|凌晨|日落|日出)"
    r"(?:(?:早上|上午|中午|下午|傍晚|晚上|半夜|凌晨|\d{1,2}|[一二三四五六七八九十兩]{1,3})(?:點(?:半|鐘|\d+分|[一二三四五十]+分)?)?)*(?:的時候|時)?"
    r"|(?:\d{1,2}|[二三四五六七八九十兩]{1,3})點(?:半|鐘|\d+分|[一二三四五十]+分)?(?:的時候|時)?)"
)
_CHINESE_NUMBERS: Final = {char: n for n, char in enumerate("一二三四五六七八九十", 1)} | {"兩": 2, "半": 0.5}


_LONGEST_S: Final = 1e9
"""Thirty years stand for all that is longer: nobody waits so long, and digits without end are no number."""


@dataclass(frozen=True, slots=True)
class When:
    """A sentence without its time."""

    text: str
    after_s: float = 0.0
    """Seconds from now; 0 where no time is named."""
    clock: bool = False
    """It names a time of day, a day, or a habit."""
    lasting: bool = False
    """It says for how long, or until when."""


def when(text: str, language: str) -> When:
    """Find the time in a sentence that was made plain and has its numbers in digits."""
    if language.startswith("zh"):
        return _chinese(text)
    return _english(text) if language.startswith("en") else When(text)


def loosely(text: str, language: str) -> When:
    """The same in any words: "give it ten minutes and then …". A time that is named and not understood is `lasting`."""
    found = when(text, language)
    if found.text != text:
        return found
    if language.startswith("zh"):
        return When(text, lasting=re.search(_CHINESE_SPAN, text) is not None)
    if not language.startswith("en"):
        return found
    if (match := _ENGLISH_LOOSE.search(text)) and (rest := " ".join(_cut(text, match).split())):
        lasting = _ENGLISH_LENGTH.search(rest) is not None
        return When(rest, _english_seconds(match["span"] or match["after"]), lasting=lasting)
    return When(text, lasting=_ENGLISH_LENGTH.search(text) is not None)


def _english(text: str) -> When:
    for pattern in _ENGLISH:
        if match := pattern.match(text):
            return When(match["rest"].rstrip(","), _english_seconds(match["span"]))
    for pattern in _ENGLISH_LASTING:
        if match := pattern.match(text):
            return When(match["rest"].rstrip(","), lasting=True)
    for pattern in _ENGLISH_CLOCK if not _ENGLISH_BY_SO_MUCH.search(text) else ():
        if match := pattern.match(text):
            return When(match["rest"].rstrip(","), clock=True)
    return When(text)


def _english_seconds(span: str) -> float:
    total = 0.0
    for piece in _ENGLISH_PIECE.finditer(span):
        count = piece["count"]
        number = _ENGLISH_COUNTS.get(count)
        number = float(count) if number is None else number
        total += (number + (0.5 if piece["half"] else 0)) * _seconds(piece["unit"])
    return min(total, _LONGEST_S)


def _seconds(unit: str) -> float:
    return _SECONDS["mo" if unit.startswith("mo") else unit[0]]


_ENGLISH_COUNTS: Final = {
    "half an": 0.5, "half a": 0.5, "a half": 0.5, "an half": 0.5, "a quarter of an": 0.25, "three quarters of an": 0.75,
    "3 quarters of an": 0.75, "a couple of": 2.0, "a few": 3.0, "another": 1.0, "a": 1.0, "an": 1.0,
}  # fmt: skip


def _chinese(text: str) -> When:
    for pattern in _CHINESE:
        if (match := pattern.search(text)) and (rest := _cut(text, match)):
            return When(rest, _chinese_seconds(match["span"]))
    if (match := _CHINESE_CLOCK.search(text)) and (rest := _cut(text, match)):
        return When(rest, clock=True)
    if (match := _CHINESE_LASTING.search(text)) and (rest := _cut(text, match)):
        return When(rest, lasting=True)
    return When(text)


def _cut(text: str, match: re.Match[str]) -> str:
    return (text[: match.start()] + text[match.end() :]).strip(" ,、")


def _chinese_seconds(span: str) -> float:
    total = 0.0
    for piece in _CHINESE_COUNTED.finditer(span):
        count = piece["count"]
        number = float(count) if count[0].isdigit() else sum(_CHINESE_NUMBERS[char] for char in count)
        unit = piece["unit"]
        half = piece["half"] or piece["after"]
        total += (number + (0.5 if half else 0)) * _CHINESE_SECONDS[unit[0]]
    return min(total, _LONGEST_S)

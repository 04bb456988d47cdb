"""Numbers, times, dates and units in Chinese words, as they are said in Taiwan. Text without markup in."""

import re
from typing import Final

_DIGITS: Final = "零一二三四五六七八九"
_PLACES: Final = ("", "十", "百", "千")
_MYRIADS: Final = ("", "萬", "億", "兆")
_LONGEST: Final = 16
"""Digits of a number that is read as one."""
_UNITS: Final = {
    "km/h": "公里每小時",
    "m/s": "公尺每秒",
    "μg/m^3": "微克每立方公尺",
    "kWh": "千瓦小時",
    "Wh": "瓦小時",
    "kW": "千瓦",
    "W": "瓦",
    "V": "伏特",
    "A": "安培",
    "mA": "毫安培",
    "Hz": "赫茲",
    "km": "公里",
    "cm": "公分",
    "mm": "公釐",
    "m^2": "平方公尺",
    "m": "公尺",
    "kg": "公斤",
    "g": "公克",
    "ml": "毫升",
    "L": "公升",
    "l": "公升",
    "hPa": "百帕",
    "lx": "勒克斯",
    "dB": "分貝",
    "ms": "毫秒",
    "s": "秒",
    "min": "分鐘",
    "h": "小時",
    "°": "度",
}
_NUMBER: Final = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_SIGNED: Final = rf"(?<![\d.A-Za-z])-?(?:{_NUMBER})"
_DATE: Final = re.compile(
    r"(?<![\d-])(\d{4})[-/](0?[1-9]|1[0-2])[-/]([12]\d|3[01]|0?[1-9])(?:T(?=\d)|(?![\d-]))"
)
_YEAR: Final = re.compile(r"(?<!\d)(\d{4})(?=\s?年)")
_TIME: Final = re.compile(r"(?<![\d:.])([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?(?![\d:])")
_CELSIUS: Final = re.compile(rf"({_SIGNED})\s?°\s?([CF])(?![A-Za-z])")
_PERCENT: Final = re.compile(rf"({_SIGNED})\s?%")
_RANGE: Final = re.compile(rf"(?<![\d.-])({_NUMBER})\s?[-–~]\s?(?=\d)")
_MEASURE: Final = re.compile(
    rf"({_SIGNED})\s?({'|'.join(map(re.escape, sorted(_UNITS, key=len, reverse=True)))})(?![A-Za-z^/])"
)
_COUNTED: Final = re.compile(r"(?<![\d.-])(?<!\d,)2(?=\s?[個盞台臺扇次天層間樓位只支組])")
_PLAIN: Final = re.compile(rf"{_SIGNED}|\d+")


def mandarin(text: str) -> str:
    """The text with all that is written in digits in words."""
    text = _DATE.sub(
        lambda found: f"{_one_by_one(found[1])}年{_number(found[2])}月{_number(found[3])}日", text
    )
    text = _YEAR.sub(lambda found: _one_by_one(found[1]), text)
    text = _TIME.sub(_time, text)
    text = _RANGE.sub(r"\1到", text)
    text = _CELSIUS.sub(
        lambda found: f"{'攝氏' if found[2] == 'C' else '華氏'}{_signed(found[1], '零下')}度", text
    )
    text = _PERCENT.sub(lambda found: f"百分之{_signed(found[1])}", text)
    text = _MEASURE.sub(lambda found: _counted(found[1]) + _UNITS[found[2]], text)
    text = _PLAIN.sub(lambda found: _signed(found[0]), _COUNTED.sub("兩", text))
    return text.replace("%", "百分比").replace("°", "度").replace("&", "和")


def _time(found: re.Match[str]) -> str:
    hour, minute, second = found.groups()
    said = ("兩" if int(hour) == 2 else _number(str(int(hour)))) + "點"  # noqa: PLR2004  兩點
    if int(minute):
        said += ("零" if minute[0] == "0" else "") + _number(str(int(minute))) + "分"
    return said + (f"{_number(str(int(second)))}秒" if second and int(second) else "")


def _counted(written: str) -> str:
    return "兩" if written == "2" else _signed(written)


def _signed(written: str, minus: str = "負") -> str:
    return minus + _number(written[1:]) if written.startswith("-") else _number(written)


def _number(written: str) -> str:
    whole, _, part = written.replace(",", "").partition(".")
    leads = len(whole) > 1 and whole[0] == "0" and not part
    if len(whole) > _LONGEST or (leads and len(whole) > 2):  # noqa: PLR2004  a month may be 05
        return _one_by_one(whole)
    return _whole(int(whole)) + (f"點{_one_by_one(part)}" if part else "")


def _one_by_one(written: str) -> str:
    return "".join(_DIGITS[int(each)] for each in written if each in "0123456789")


def _whole(number: int) -> str:
    if number == 0:
        return _DIGITS[0]
    groups, said, gap = [], "", False
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    for place in range(len(groups) - 1, -1, -1):
        group = groups[place]
        if group:
            said += ("零" if said and (gap or group < 1000) else "") + _group(group) + _MYRIADS[place]  # noqa: PLR2004
        gap = group == 0
    return said.removeprefix("一") if said.startswith("一十") else said


def _group(number: int) -> str:
    """From 1 to 9999."""
    said, gap = "", False
    for place in range(3, -1, -1):
        digit = number // 10**place % 10
        if digit:
            said += ("零" if said and gap else "") + _DIGITS[digit] + _PLACES[place]
        gap = digit == 0
    return said

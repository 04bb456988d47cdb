"""What keeps a sentence from being a command, however much of a command is in it. Patterns only; names are masked.

A sentence that waits for something, tells how things are, speaks about commands, or has a part that is about nothing
here, is not to be chosen from: its other words would be done without them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from runtime.commands.language.names import Of, names
from runtime.commands.language.normalise import clean
from runtime.commands.registry.house import House

_NAME: Final = "\ue000"
_PLACE: Final = "\ue001"
_AROUND: Final = re.compile(r"^[\s,.!?。]+|[\s,.!?。]+$")
_LISTED: Final = re.compile(r",\s+(?=(?:the|my|our|all|both)\s)")


class Aside(StrEnum):
    """Why it is none."""

    WAITS = "waits"
    """For a time, or for something to happen."""
    TELLS = "tells"
    """How things are, or what somebody says of them."""
    PART = "part"
    """A part of it is about nothing that is known here."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found, and the words of it."""

    aside: Aside
    words: str


@dataclass(frozen=True, slots=True)
class _Grammar:
    idle: re.Pattern[str]
    """Phrases that only look as if they waited, told or joined; taken out first."""
    waits: re.Pattern[str]
    tells: re.Pattern[str]
    cut: re.Pattern[str]
    known: re.Pattern[str]
    """What a part may be about without a name of the house."""


def _any(*patterns: str) -> str:
    return f"(?:{'|'.join(patterns)})"


def _words(*patterns: str) -> str:
    return rf"\b{_any(*patterns)}\b"


_KIND: Final = (
    "(?:lights?|lamps?|lighting|bulbs?|fans?|blinds?|curtains?|shades?|shutters?|windows?|doors?|garage"
    "|gates?|locks?|plugs?|heat(?:ing|er)?s?|radiators?|thermostats?|volume|temperature|degrees?"
    "|brightness|music|sounds?|speakers?|tv|telly|radio|scenes?|sun(?:light|shine)?|daylight|air"
    "|air ?con(?:ditioning|ditioner)?|ac|alarm|everything|all|both|rest|others?|it|them|that|those|this"
    r"|these|the \w+ 1)"
)
_STATE: Final = (
    "(?:on|off|up|down|back|open|shut|closed?|locked?|bright(?:er|en)?|dim(?:mer)?|dark(?:er)?"
    "|quiet(?:er)?|loud(?:er)?|warm(?:er)?|cool(?:er)?|cosy|amber|red|green|blue|white|yellow|orange"
    "|purple|pink)"
)
_COMPLAINT: Final = (
    "(?:too|far|so|very|a bit|a little|kind of|sort of|rather|quite|way|awfully|really|still (?:on|off"
    "|too)|much|supposed|meant|to|needed|wanted|not|dark|cold|hot|loud|bright|stuffy|dim|chilly|baking"
    "|(?:drown|deafen|blind|freez|boil|kill|driv|annoy|bother|bugg)ing)"
)
"""Behind `the lamp is`: no news of it, but a wish."""
_IDLE: Final = (
    r"\b(?:when(?:ever)? you(?:'re| are)? (?:can|ready|free|get|have|got)\b[^,]*|before i (?:forget|freeze"
    r"|melt|trip|fall|faint|die|scream|go (?:blind|mad|deaf|crazy|nuts))\b[^,]*|before (?:it|this"
    r"|that) \w+ (?:me|us|everyone)|while you(?:'re| are) (?:at it|there|up|about it)|if you (?:can|could"
    r"|would|do|don't|wouldn't|please|like|get)\b[^,]*|if (?:it|that)(?:'s| is| isn't"
    r"| wouldn't be)\b[^,]*(?:ok(?:ay)?|possible|right|alright|trouble|bother)|as soon as (?:possible"
    "|you can)|for (?:a|quite a) while|for (?:tonight|later)|look(?:ing)? after|once (?:more|again)"
    "|once and for all|at once|after all|nearly (?:fell|forgot|tripped)|nice and|rise and shine"
    "|there and then|now and then|up and down|by and by|try and|go and|come and"
    r"|do me a favou?r(?: \w+)? and|be (?:so|very) (?:kind|good) (?:and|as to)|and stuff|and thank(?:s"
    "| you)|and (?:make it|be|do it) (?:quick(?:ly)?|snappy|fast)|and hurry(?: up)?|and that's (?:it|all"
    r"|that)|(?:like |as )?i said|let's say|twice as)\b"
)
_WAITS: Final = (
    r"\b(?:when(?:ever)?|once|after|before|while|until|till|as soon as|as long as|by the time|unless|if"
    "|in case|later(?: on)?|soon|tonight|tomorrow|in a (?:while|bit|moment|minute|sec(?:ond)?"
    r"|little while)|at (?:dinner|lunch|breakfast|tea|supper|bedtime|closing)(?: ?time)?)\b"
)
_BEGINS: Final = (
    r"^(?:(?:oh|well|hey|so|ok(?:ay)?|look|and|but|hm+|you know)[, ]+"
    r"|i (?:think|see|guess|believe|know|noticed)(?: that)? )*(?:(?:the|my|our|that|this|your|his|her|their) )?"
)
_THING: Final = rf"(?:{_NAME}|{_PLACE} {_KIND}|{_KIND} {_PLACE})(?: (?:in|at|of) (?:the )?{_PLACE})?"
_IS: Final = r"(?: (?:is|are|was|were|isn't|aren't|wasn't|has been|have been|stayed|remains?)|'s)\b"
_ABOUT: Final = _words(
    *("how (?:to|do i|do you|can i|would i)", "pretend", "remind", "imagine", "dreamt", "dreamed", "told"),
    r"(?:almost|nearly|say|says|said)(?= (?:turn|switch|open|close|lock|unlock|to)\b)",
    rf"tell (?!me\b|the {_NAME}|{_NAME})",
    *("neighbou?rs?'?s?'?", "next door'?s?", "twice", "(?:two|three|[2-9]) times", "instead of|rather than"),
)
_SMALL: Final = (
    "(?:please|thanks?(?: you| a lot| very much)?|cheers|quick(?:ly)?|now|go ahead|come on|again|ok(?:ay)?"
    rf"|be (?:a |an )?\w+|so on|hurry(?: up)?|good night|{_STATE}|(?:(?:set|turn|put|make|bring) )?(?:to )?\d.*)"
)
_ENGLISH: Final = _Grammar(
    idle=re.compile(_IDLE),
    waits=re.compile(_WAITS),
    tells=re.compile(rf"{_BEGINS}{_THING}{_IS} (?!{_COMPLAINT}\b)|{_ABOUT}"),
    cut=re.compile(r",?\s+(?:and then|and also|as well as|and|then|plus|&)\s+"),
    known=re.compile(
        rf"[{_NAME}{_PLACE}]|\b{_KIND}\b|^(?:i|we|you|he|she|they|there)\b|^{_SMALL}(?: please)?$"
    ),
)
_HAN_KIND: Final = (
    "(?:燈|扇|簾|門|窗|鎖|冷氣|暖氣|空調|溫度|音量|亮度|音樂|電視|喇叭|插座|情境|它|他們|全部|所有|都)"
)
_HAN_MOMENT: Final = "(?:天黑|天亮|下雨|日落|日出|睡著|起床|出門|回來|離開|吃飽|下班)"
_HAN_ABOUT: Final = "(?:提醒|假裝|差一點|怎麼|如何|隔壁|鄰居|[說講]要|叫他|叫她|[兩二三四五]次)"
_CHINESE: Final = _Grammar(
    idle=re.compile(
        _any(
            "等一下(?=[,，]|幫|把|請)",
            "有空的時候",
            "(?:如果)?(?:方便|可以)的話",
            "如果(?:可以|方便)",
            "順便",
        )
    ),
    waits=re.compile(
        _any(
            *(
                "的時候",
                "時候再",
                "[之以]後再",
                "等一?[下會再]",
                "待會",
                "晚點",
                "稍後",
                "過一會",
                "直到",
                "[睡出]前",
            ),
            *(
                "[回到]家(?:就|再|時|[之以]?後)",
                "睡覺前",
                "出門前",
                "如果",
                "要是",
                "假如",
                "萬一",
                "完(?:就|再)",
            ),
            f"{_HAN_MOMENT}[^,，]{{0,3}}(?:就|才|再|後|時|前)",
        )
    ),
    tells=re.compile(
        f"^{_NAME}(?:現在|剛剛|已經|好像|是|都|還)*"
        "(?:(?:沒有?|未)(?:開|關|鎖|亮|打開|關好|鎖好|關上)|(?:開|亮|鎖|關)著)(?!嗎|[?？])"
        f"|{_HAN_ABOUT}"
    ),
    cut=re.compile(r"\s*(?:[,，]?(?:然後再?|接著再?|並且|而且|還有|以及)|、|[和跟與])\s*"),
    known=re.compile(rf"[{_NAME}{_PLACE}]|{_HAN_KIND}|\d|^(?:請|謝謝|麻煩|拜託|快一?點|吧|喔|啦|好)+$"),
)


def aside(text: str, language: str, house: House) -> Found | None:
    """What keeps a sentence from being a command; None where nothing does.

    Args:
        text: a sentence that was made plain and has its numbers in digits.
        language: BCP 47; of languages other than English and Chinese nothing is known.
        house: whose names are no words of the sentence.
    """
    chinese = language.startswith("zh")
    if not chinese and not language.startswith("en"):
        return None
    grammar = _CHINESE if chinese else _ENGLISH
    masked = _masked(clean(text).casefold(), language, house)
    said = " ".join(grammar.idle.sub(" ", masked).split())
    for kind, pattern in ((Aside.WAITS, grammar.waits), (Aside.TELLS, grammar.tells)):
        if match := pattern.search(said):
            return Found(kind, match[0].strip())
    for part in _parts(said, grammar):
        if not grammar.known.search(part):
            return Found(Aside.PART, part)
    return None


def _parts(text: str, grammar: _Grammar) -> Iterator[str]:
    """What is joined to be done together, enumerations taken apart; none where nothing is joined."""
    pieces = grammar.cut.split(text)
    if len(pieces) > 1:
        listed = (part for piece in pieces for part in _LISTED.split(piece))
        yield from filter(None, (_AROUND.sub("", part) for part in listed))


def _masked(text: str, language: str, house: House) -> str:
    """The sentence with a private character for each name, longest first."""
    found = {each.text: each.of is Of.DEVICE for each in names(house, language) if each.text in text}
    for name in sorted(found, key=len, reverse=True):
        before, after = (r"(?<!\w)", r"(?!\w)") if name.isascii() else ("", "")
        text = re.sub(before + re.escape(name) + after, _NAME if found[name] else _PLACE, text)
    return text

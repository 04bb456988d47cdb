"""Several commands in one sentence as clauses that each stand alone: never cut inside a name, verbs carried over.

"turn on the lamp and the fan" is "turn on the lamp", "turn on the fan". Where it is not plain how to cut, the sentence
stays whole: what is then not understood is said once more, and nothing has moved.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from runtime.commands.language.carry import Clause, carried
from runtime.commands.language.names import Of, names, own_words
from runtime.commands.language.normalise import clean, plain
from runtime.commands.language.quantities import digits
from runtime.commands.registry.house import House

_DEVICES_FROM: Final = 0xE000
_PLACES_FROM: Final = 0xF000
"""Names stand in a sentence as one private character each: a device from here on, a place from there on."""
_MOST_NAMES: Final = 512
_DEVICE: Final = "\ue000-\ue1ff"
_PLACE: Final = "\uf000-\uf1ff"
_MOST_CLAUSES: Final = 8

_ENGLISH_CUT: Final = re.compile(
    r"\s*(?:[;.!](?=\s)|,?\s+(?:and\s+then|and\s+also|and\s+after\s+that|after\s+that|then|as\s+well\s+as|plus|and|but|&)\s+|,\s+)"
)
_JOINS: Final = "[把將打開關調設鎖拉啟]"
_CHINESE_CUT: Final = re.compile(
    r"\s*(?:[,;。、!]\s*)?(?:然後再?|接著再?|並且|而且|還有|以及|順便|同時|之後再"
    rf"|再(?={_JOINS})|並(?={_JOINS})|也(?={_JOINS})|和|跟|與)\s*|\s*[,;。、!]\s*"
)
_ENGLISH_VERBS: Final = (
    "turn switch put power flip set change make open close shut lock unlock raise lower dim brighten increase "
    "decrease reduce start stop run activate deactivate enable disable press push ring adjust roll pull draw light "
    "kill play pause mute unmute tell show give is are what what's which how cancel begin bring get let leave keep "
    "warm cool heat don't do never illuminate crank slow speed lift halt trigger launch"
)
_ENGLISH_START: Final = re.compile(
    rf"^(?:(?:in|after) (?:\d|half|an?\b|a quarter).*?,? )?(?:{'|'.join(_ENGLISH_VERBS.split())})\b"
)
_ENGLISH_KIND: Final = (
    r"(?:lights?|lamps?|lighting|fans?|blinds?|curtains?|shades?|shutters?|windows?|garage doors?|doors?|gates?|"
    r"awnings?|locks?|heating|thermostat|volume|temperature|brightness)\b"
)
_ENGLISH_OBJECT: Final = re.compile(
    rf"(?:\b(?:all|both|every|each|of|the|my|our|any)\s+)*(?:[{_DEVICE}{_PLACE}]|\b{_ENGLISH_KIND})"
    rf"(?:'s)?(?:\s(?:[{_DEVICE}{_PLACE}]|{_ENGLISH_KIND}))*"
    rf"(?:\s(?:in|on|at|of|from)\s(?:the\s|my\s|our\s)?[{_DEVICE}{_PLACE}])*"
)
_CHINESE_START: Final = re.compile(
    r"^(?:\d.*?後|[把將打開關調設鎖拉升降啟停暫播取讓按解拉亮熄點]|不要|別|變|增|減|提高)"
)
_CHINESE_KIND: Final = (
    r"(?:電燈|燈光|照明|燈|風扇|電扇|吊扇|窗簾|百葉窗|捲簾|門|窗戶|窗|冷氣|暖氣|溫度|音量|亮度)"
)
_CHINESE_OBJECT: Final = re.compile(
    rf"(?:所有的?|全部的?)?(?:[{_DEVICE}{_PLACE}]|{_CHINESE_KIND})"
    rf"(?:的?(?:所有的?|全部的?)?(?:[{_DEVICE}{_PLACE}]|{_CHINESE_KIND}))*"
)


@dataclass(frozen=True, slots=True)
class _Grammar:
    cut: re.Pattern[str]
    start: re.Pattern[str]
    object: re.Pattern[str]


_ENGLISH: Final = _Grammar(_ENGLISH_CUT, _ENGLISH_START, _ENGLISH_OBJECT)
_CHINESE: Final = _Grammar(_CHINESE_CUT, _CHINESE_START, _CHINESE_OBJECT)


def clauses(text: str, language: str, house: House) -> tuple[str, ...]:
    """The commands of a sentence, each to be read by itself, in their order.

    Args:
        text: a sentence as it came.
        language: BCP 47; sentences in languages other than English and Chinese stay whole.
        house: whose names are never cut.
    """
    grammar = _CHINESE if language.startswith("zh") else _ENGLISH if language.startswith("en") else None
    shown = digits(plain(text, language), language)
    if grammar is None or not grammar.cut.search(shown):
        return (clean(text),)
    masked, said = _masked(shown, language, house)
    pieces = tuple(_pieces(masked, grammar, language))
    if not 1 < len(pieces) <= _MOST_CLAUSES:
        return (clean(text),)
    parsed = [_parsed(piece, grammar) for piece in pieces]
    return tuple(_unmasked(each, said) for each in carried(parsed, chinese=grammar is _CHINESE))


def _masked(text: str, language: str, house: House) -> tuple[str, dict[str, str]]:
    """The sentence with a private character for each name in it, longest first, and what they stand for."""
    found: dict[str, bool] = {}
    for name in names(house, language):
        if name.text in text:
            found[name.text] = found.get(name.text, False) or name.of is not Of.DEVICE
    for word in own_words(house, language):
        if word in text:
            found.setdefault(word, False)
    said: dict[str, str] = {}
    for form, place in sorted(found.items(), key=lambda each: -len(each[0]))[:_MOST_NAMES]:
        mark = chr((_PLACES_FROM if place else _DEVICES_FROM) + len(said))
        before, after = (r"(?<!\w)", r"(?!\w)") if form.isascii() else ("", "")
        text, count = re.subn(before + re.escape(form) + after, mark, text)
        if count:
            said[mark] = form
    return text, said


def _unmasked(text: str, said: dict[str, str]) -> str:
    return "".join(said.get(char, char) for char in text)


def _pieces(text: str, grammar: _Grammar, language: str) -> Iterator[str]:
    """The text between cuts; a cut that is followed by no command and by no thing is none."""
    start, last = 0, 0
    for cut in grammar.cut.finditer(text):
        if cut.end() >= len(text):
            break
        following = plain(text[cut.end() :], language)
        if cut.start() == start or not _begins(following, grammar):
            continue
        if not _stands_alone(text[start : cut.start()], following, grammar):
            continue
        yield plain(text[start : cut.start()], language)
        start = last = cut.end()
    yield plain(text[last:], language)


def _stands_alone(text: str, following: str, grammar: _Grammar) -> bool:
    """Whether a piece is a command without what follows: "turn on the, er, lamp" and "the lamp, turn it on" are one."""
    if not grammar.object.search(text):
        return False
    verb_alone = grammar.start.match(following) and not grammar.object.search(following)
    return bool(grammar.start.match(plain(text, "en"))) or not verb_alone


def _begins(text: str, grammar: _Grammar) -> bool:
    """Whether a command begins here, or the next thing in an enumeration."""
    return bool(grammar.start.match(text) or grammar.object.match(re.sub(r"^(?:in|at) the ", "", text)))


def _parsed(piece: str, grammar: _Grammar) -> Clause:
    start = grammar.start.match(piece)
    own = bool(start)
    after = (
        start.end() if start and grammar is _ENGLISH else 0
    )  # the verbs lock and light are no lock and no light
    match = grammar.object.search(piece, after) or grammar.object.search(piece)
    if match is None:
        return Clause(piece, "", "", own)
    return Clause(piece[: match.start()].strip(), match[0].strip(), piece[match.end() :].strip(), own)
